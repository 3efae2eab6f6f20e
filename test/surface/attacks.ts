/** One row of the attacks on the firewall itself. */
export interface Attack {
  /** `A01` … `A30`. */
  readonly id: string;
  /** STRIDE: spoofing, tampering, repudiation, information disclosure, denial of service, elevation of privilege. */
  readonly stride: string;
  readonly threat: string;
  /** What it is known from: a CVE, another project's issue, a specification. */
  readonly seen: string;
  /** What the firewall does about it, in a line. */
  readonly holds: string;
  /** Controls that its test proves, of `test/controls/controls.ts`. */
  readonly controls: readonly string[];
  /** What the row names and its test does not show, and why. */
  readonly open?: string;
}

/** Each has one file, `test/surface/aNN-….test.ts`, with tests of its own against a real server. */
export const ATTACKS: readonly Attack[] = [
  {
    id: 'A01',
    stride: 'T',
    threat: 'path traversal in a name or file name',
    seen: 'CVE-2024-4956 (`/%2F%2F..%2F`), CVE-2019-20916 (Content-Disposition)',
    holds:
      'a path is held against one grammar before anything is decoded twice; names of files on disk are digests',
    controls: ['C17'],
  },
  {
    id: 'A02',
    stride: 'T',
    threat: 'two readers of one address',
    seen: 'the host of `new URL("//evil/x", base)` is `evil`',
    holds: 'routes are read from the raw path, and addresses upstream are built from admitted names',
    controls: ['C17', 'C16'],
  },
  {
    id: 'A03',
    stride: 'I',
    threat: 'requests to inner addresses, by an index or a redirect',
    seen: 'CVE-2026-0600, CVE-2022-27907, CVE-2024-29415, CVE-2022-33987',
    holds: 'every address that a name resolves to is judged, and the judged one is connected to',
    controls: ['C16'],
  },
  {
    id: 'A04',
    stride: 'T',
    threat: 'a host that is checked in one spelling and dialled in another',
    seen: 'a sandbox proxy that checked a host name with a NUL and dialled what stood before it',
    holds: 'the parsed origin is compared, and nothing but it is dialled',
    controls: ['C16'],
  },
  {
    id: 'A05',
    stride: 'T',
    threat: 'cache poisoning and confused keys',
    seen: 'CVE-2024-6915; a cache key without the registry',
    holds:
      'bytes are kept by their digest, and asked for by ecosystem, name and file; each asker is decided on',
    controls: ['C01', 'C18'],
  },
  {
    id: 'A06',
    stride: 'T',
    threat: 'bytes that change between verification and sending',
    seen: 'CVE-2026-44112',
    holds: 'each piece is hashed again before it is sent; a damaged file never completes',
    controls: ['C04'],
  },
  {
    id: 'A07',
    stride: 'D',
    threat: 'gzip, zip and tar bombs',
    seen: '50 MiB of zeros are 51 kB of gzip',
    holds: 'caps on bytes, ratio, entries, depth and lengths, read as a stream in a thread of its own',
    controls: ['C15', 'C26'],
  },
  {
    id: 'A08',
    stride: 'T',
    threat: 'an archive that writes outside its folder',
    seen: 'CVE-2026-23745, CVE-2026-24842, CVE-2026-26960, CVE-2025-8869, CVE-2026-1703, CVE-2019-16776',
    holds: 'nothing is ever unpacked to disk, and what would leave its folder at a client is refused',
    controls: ['C15'],
  },
  {
    id: 'A09',
    stride: 'D',
    threat: 'texts that a pattern or range reader takes for ever for',
    seen: 'CVE-2022-25883',
    holds: 'lengths are bounded first; indexes are read in threads',
    controls: ['C26'],
  },
  {
    id: 'A10',
    stride: 'T',
    threat: 'prototype pollution',
    seen: '`Object.assign` of a parsed `__proto__`',
    holds: 'names are keys of maps; members that are none of a document’s own are not served',
    controls: ['C17'],
  },
  {
    id: 'A11',
    stride: 'D',
    threat: 'huge indexes, slow bodies, slow clients',
    seen: 'the defaults of HTTP servers',
    holds: 'each upstream and each client has its bounds, and the others are served',
    controls: ['C26'],
    open: 'ten thousand connections, and documents of tens of megabytes, are measured by the full tier: `test/full/load`',
  },
  {
    id: 'A12',
    stride: 'D',
    threat: 'a forged error that sticks',
    seen: 'poisoned caches of content networks',
    holds:
      'an absence is believed for a second, an error not at all, and neither makes forget what was known',
    controls: ['C18'],
  },
  {
    id: 'A13',
    stride: 'T',
    threat: 'header and CRLF injection',
    seen: 'CVE-2019-6802',
    holds: 'headers are made of our own words and validated names',
    controls: ['C35'],
  },
  {
    id: 'A14',
    stride: 'T',
    threat: 'request smuggling, absolute forms, CONNECT',
    seen: 'RFC 9112, 11.2',
    holds:
      'what two readers could read in two ways is 400, and the connection ends; it is nobody’s open proxy',
    controls: ['C24', 'C34'],
  },
  {
    id: 'A15',
    stride: 'I',
    threat: 'credentials in redirects, logs, the ledger, errors',
    seen: 'CVE-2020-15095',
    holds: 'a credential goes to the origin it is for, and is written nowhere',
    controls: ['C27'],
  },
  {
    id: 'A16',
    stride: 'S/E',
    threat: 'a way past authentication; one agent sees what another cached',
    seen: 'tokens with `alg: none`, trusted `X-Forwarded-For`',
    holds: 'tokens are looked up by their SHA-256; each answer is decided for its asker',
    controls: ['C02', 'C23'],
    open: 'tokens have no parts: what is compared is the SHA-256 of all that was sent, so there is no time to measure',
  },
  {
    id: 'A17',
    stride: 'E',
    threat: 'scripts in pages, forged requests from a browser, DNS rebinding',
    seen: 'CVE-2019-14772',
    holds:
      'Host is one of ours, or 421; pages are escaped and say that they run nothing; nothing is changed by a request',
    controls: ['C02', 'C35'],
    open: 'there is no web console yet: the row holds for the pages and documents that are served today; `/healthz`, `/readyz` and `/metrics`, which name no package, answer by every Host, because probes ask by address',
  },
  {
    id: 'A18',
    stride: 'R',
    threat: 'forged log lines, terminal escapes, reversed text',
    seen: 'log viewers that print what an attacker wrote',
    holds: 'lines are JSON, strangers’ text is bounded and made printable',
    controls: ['C35', 'C20'],
  },
  {
    id: 'A19',
    stride: 'R',
    threat: 'a ledger that is edited, cut, forked, written anew',
    seen: 'C2SP tlog-tiles',
    holds: 'the verifier names the row, and a head that was kept elsewhere is missed',
    controls: ['C21'],
  },
  {
    id: 'A20',
    stride: 'R',
    threat: 'a ledger that cannot be written, a full disk',
    seen: 'no row, yet a byte',
    holds: 'what cannot be entered is not served',
    controls: ['C03', 'C20'],
  },
  {
    id: 'A21',
    stride: 'T/E',
    threat: 'a policy that is half written when it is read',
    seen: 'reload races',
    holds: 'a policy is taken whole or the one before stays, aloud; without one there is no start',
    controls: ['C02', 'C20'],
    open: 'policies are not signed and have no serial: who may write the folder, or set it back, sets the policy; its digest is in every entry, and `policyDigest` waits for one',
  },
  {
    id: 'A22',
    stride: 'T',
    threat: 'an upstream that is not itself, set back, or frozen',
    seen: 'SLSA threat G; TUF',
    holds: 'TLS is verified, keys are pinned, what vanished is withdrawn, and an old index serves pins only',
    controls: ['C06', 'C19'],
  },
  {
    id: 'A23',
    stride: 'T',
    threat: 'games with clocks',
    seen: 'times that a registry claims',
    holds:
      'age counts from the latest time ever claimed and from our own first sight; a clock that is set back frees nothing',
    controls: ['C10'],
  },
  {
    id: 'A24',
    stride: 'T',
    threat: 'flaws of a Sigstore verifier',
    seen: 'CVE-2026-48815, CVE-2026-22703, CVE-2022-36056',
    holds: 'what the library leaves open is checked beside it',
    controls: ['C07'],
  },
  {
    id: 'A25',
    stride: 'D/E',
    threat: 'a failure that lets through',
    seen: 'fail-open handlers',
    holds: 'every throw on the way is a refusal or a 5xx, and no byte',
    controls: ['C03'],
  },
  {
    id: 'A26',
    stride: 'E',
    threat: 'instructions to the agent in a package’s text',
    seen: 'OWASP LLM01; PromptMink; forged errors',
    holds: 'free text is dropped from what is served, and refusals are our own words',
    controls: ['C35'],
  },
  {
    id: 'A27',
    stride: 'I',
    threat: 'secrets carried out in names that are asked for',
    seen: '`GET /<secret in base32>`',
    holds: 'only admitted names go upstream; those of a prefix rule are budgeted',
    controls: ['C01', 'C16', 'C27'],
    open: 'under a prefix rule the budget bounds what leaves, and does not make it nothing',
  },
  {
    id: 'A28',
    stride: 'T',
    threat: 'a verdict that outlives its policy',
    seen: 'a proxy that never looked at a cached artifact again',
    holds: 'every request is decided under the policy in force, cached or not, 304 and HEAD too',
    controls: ['C18'],
  },
  {
    id: 'A29',
    stride: 'D',
    threat: 'our own dependencies',
    seen: 'the incidents of docs/incidents.md',
    holds:
      'locked by SHA-512, installed without scripts, bundled in nothing; the firewall serves its own tree under its own policy',
    controls: ['C33'],
    open: 'the tree through a real firewall from the real registry is the full tier’s and the demo’s',
  },
  {
    id: 'A30',
    stride: 'I',
    threat: 'answers that tell which names exist',
    seen: 'another proxy’s issue on internal names',
    holds: 'unlisted, unknown and internal names have one answer, and none of them asks an upstream',
    controls: ['C16', 'C01'],
    open: 'under a prefix rule a name that is admitted is asked for upstream and an internal one is not, so their times differ: that tells of the rule, not of which internal names exist',
  },
];

/** The heading under which a row's tests stand. Throws on an unknown id: a test that proves no row is none. */
export function heading(id: string): string {
  const attack = ATTACKS.find((one) => one.id === id);
  if (!attack) throw new Error(`no attack ${id}`);
  return `${id} ${attack.threat}`;
}
