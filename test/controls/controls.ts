/** A control that a test can pass or fail. */
export interface Control {
  /** `C01` … `C36`. */
  readonly id: string;
  readonly what: string;
  /** Where it is asked for. */
  readonly sources: string;
  /** Test files that prove it, beside the rows of attacks and incidents that name it. */
  readonly tests: readonly string[];
  /** What is not there, or not whole, and why. A control with this is never shown as proved. */
  readonly open?: string;
}

// AISVS: OWASP AI Security Verification Standard 1.0. AIX: OWASP AI Exchange. ASI and T: OWASP Agentic. LLM: OWASP Top 10 for
// LLM Applications. CS: OWASP Cheat Sheet. S2C2F: OpenSSF Secure Supply Chain Consumption Framework.

export const CONTROLS: readonly Control[] = [
  {
    id: 'C01',
    what: 'an unlisted name is refused, and no upstream is asked',
    sources: 'AISVS 9.3.7; LLM06 #7 complete mediation; S2C2F ENF-2; CS Secure-Coding-with-AI §1',
    tests: ['test/admission/names.test.ts'],
  },
  {
    id: 'C02',
    what: 'an agent’s credential opens no admin or policy verb',
    sources: 'AISVS 9.5.3, 9.2.5; AC.11.2; AIX 4.8',
    tests: ['test/gate/auth.test.ts', 'test/run/reload.test.ts'],
  },
  {
    id: 'C03',
    what: 'policy, ledger, trust root, disk and upstream fail closed',
    sources: 'CS Agent §4',
    tests: ['test/ledger/disk-full.test.ts', 'test/vault/full-disk.test.ts'],
  },
  {
    id: 'C04',
    what: 'one flipped byte is caught before the first one leaves',
    sources: 'S2C2F AUD-3; LLM03 mitigation 6; SLSA verify step 1',
    tests: ['test/admission/integrity.test.ts'],
  },
  {
    id: 'C05',
    what: 'an index without a digest admits nothing unpinned, or ours is given',
    sources: 'S2C2F AUD-3',
    tests: ['test/admission/integrity.test.ts'],
  },
  {
    id: 'C06',
    what: 'another digest under the same name and version is refused, alarmed and entered',
    sources: 'SLSA threats F/G; in-toto release',
    tests: ['test/admission/integrity.test.ts'],
  },
  {
    id: 'C07',
    what: 'provenance: chain, signer, subject, log and times are verified',
    sources: 'PEP 740; SLSA verifying-artifacts',
    tests: ['test/verify/mutations/forgeries.test.ts', 'test/verify/sigstore/bundle.test.ts'],
  },
  {
    id: 'C08',
    what: 'evidence that earlier versions carried must not disappear',
    sources: 'axios 2026; npm-security-best-practices §1.4',
    tests: ['test/policy/history.test.ts'],
  },
  {
    id: 'C09',
    what: 'valid provenance does not stand for age',
    sources: 'TanStack, AntV 2026',
    tests: ['test/policy/evidence-properties.test.ts'],
  },
  {
    id: 'C10',
    what: 'cool-down on indexes and files, by the latest claim and our own first sight',
    sources: 'CS Secure-Coding-with-AI §1; AISVS AC.13.3; SLSA Dependency track L4',
    tests: ['test/admission/age.test.ts'],
  },
  {
    id: 'C11',
    what: 'every address in a served document is ours',
    sources: 'nora#37, devguard#3067; S2C2F ENF-1',
    tests: ['test/ecosystems/npm/packument-write.test.ts', 'test/ecosystems/pypi/simple-write.test.ts'],
  },
  {
    id: 'C12',
    what: 'git, http, file and link specs, aliases to unlisted names, URLs in Python requirements',
    sources: 'ASI04; PhantomRaven; PackageGate',
    tests: ['test/verify/npm-tarball.test.ts'],
  },
  {
    id: 'C13',
    what: 'what the index says is what the artifact says',
    sources: 'manifest confusion; PEP 658; pip#13983',
    tests: ['test/verify/npm-tarball.test.ts', 'test/verify/wheel.test.ts'],
  },
  {
    id: 'C14',
    what: 'code that runs at an install needs an approval for its version',
    sources: 'ASI04/ASI05; CS NPM §3; T11',
    tests: [
      'test/verify/npm-tarball.test.ts',
      'test/verify/startup-hooks.test.ts',
      'test/verify/sdist.test.ts',
    ],
  },
  {
    id: 'C15',
    what: 'archives are read strictly, within caps',
    sources: 'PyPI 2025-08-07 rules; tar and pip CVEs',
    tests: ['test/verify/tar.test.ts', 'test/verify/wheel.test.ts'],
  },
  {
    id: 'C16',
    what: 'internal names never leave',
    sources: 'SLSA H dependency confusion; CS NPM §12; nora#732',
    tests: ['test/run/upstreams.test.ts'],
  },
  {
    id: 'C17',
    what: 'a name has one decision key in every spelling, or is 400',
    sources: 'PEP 503; CS NPM §10',
    tests: ['test/ecosystems/npm/names.test.ts', 'test/ecosystems/pypi/names.test.ts'],
  },
  {
    id: 'C18',
    what: 'deny, quarantine and yank count for what is cached',
    sources: 'S2C2F ING-3; PEP 792/592; git-pkgs#358',
    tests: ['test/run/feed-server.test.ts', 'test/admission/gone.test.ts'],
  },
  {
    id: 'C19',
    what: 'no rollback below what was admitted, unless pinned',
    sources: 'S2C2F SCA-1/UPD-1; SLSA verification threats',
    tests: ['test/policy/floor.test.ts'],
  },
  {
    id: 'C20',
    what: 'every decision has its entry, with policy digest, agent, digests and evidence',
    sources: 'AISVS 12.1.2, 12.4.2, 9.4.2; AIX #MONITOR USE; T8',
    tests: ['test/admission/record.test.ts', 'test/admission/tally.test.ts'],
  },
  {
    id: 'C21',
    what: 'an edited, cut, reordered or forked ledger is noticed',
    sources: 'AISVS AC.5.3; AIX §5',
    tests: ['test/ledger/audit/tampering.test.ts', 'test/ledger/published/rollback.test.ts'],
  },
  {
    id: 'C22',
    what: 'what is installed is what the ledger allowed',
    sources: 'S2C2F AUD-2, INV-1; SLSA Dependency track L1/L3',
    tests: [],
    open: 'a comparison of a sandbox’s installed tree with the ledger is not built; the bill of materials of C36 is one half of it',
  },
  {
    id: 'C23',
    what: 'each agent has its own credential, with an end; its entries name it',
    sources: 'AISVS 9.4.1, 9.4.3',
    tests: ['test/gate/auth.test.ts'],
  },
  {
    id: 'C24',
    what: 'the sandbox has no route but the firewall',
    sources: 'AIX 4.9.3; AC.11.4; ASI04',
    tests: ['test/full/topology/network.test.ts'],
  },
  {
    id: 'C25',
    what: 'facts of isolation: read-only root, no capabilities, no root, limits',
    sources: 'AIX 4.9.1; AISVS 9.3.1, 4.1.1; CS Docker rules 1–8',
    tests: [],
    open: 'the firewall’s own image is held to them; a check inside the agent’s sandbox is not built',
  },
  {
    id: 'C26',
    what: 'floods are bounded outside of the agent',
    sources: 'AISVS 9.1.1; AIX #LIMIT RESOURCES; T4; LLM10',
    tests: ['test/attacks/surface-requests.test.ts', 'test/attacks/surface-shares.test.ts'],
    open: 'the gate’s own bounds are tested; forks, memory and disk of the sandbox are the sandbox’s, and no check of them is built',
  },
  {
    id: 'C27',
    what: 'no secret in files, logs, ledger, answers, redirects',
    sources: 'AISVS 9.5.4; AC.12.2; ASI03',
    tests: [],
  },
  {
    id: 'C28',
    what: 'every test is a crafted request, with no model in the loop',
    sources: 'AIX §5',
    tests: ['test/gate/scripts.test.ts'],
  },
  {
    id: 'C29',
    what: 'an exception is bound to version, digest and end',
    sources: 'AISVS 9.2.2, 9.2.8, 9.2.9, 9.6.2; CS Agent §4',
    tests: ['test/policy/waivers.test.ts', 'test/policy/ends.test.ts'],
    open: 'waivers are bound to version, digest and expiry, and reviewed in files; single use, a nonce and approvals in the product are not built',
  },
  {
    id: 'C30',
    what: 'a kill switch out of the agent’s reach stops all installs within a second',
    sources: 'AISVS 9.1.3, 9.6.1, 9.6.3, 12.4.3',
    tests: ['test/run/reload.test.ts'],
    open: 'there is no switch of its own: a policy that denies, taken in by reload, does it, and nobody has measured the second',
  },
  {
    id: 'C31',
    what: 'many denials contain the agent',
    sources: 'AIX “policy denials as signals”; AISVS 9.3.8',
    tests: ['test/attacks/surface-requests.test.ts'],
    open: 'refusals past a budget are summed and counted in metrics; nothing contains the agent by itself',
  },
  {
    id: 'C32',
    what: 'npx, dlx, uvx and downloads get the verdict of an install',
    sources: 'AISVS 9.3.7 research page',
    tests: [],
    open: 'they ask the same routes, which the clients’ tests drive by install; each runner of its own is not tried',
  },
  {
    id: 'C33',
    what: 'the suite gates a release, and fewer or weaker tests are noticed',
    sources: 'CS Agent §9; AIX §5',
    tests: ['test/verify/mutation.test.ts'],
    open: 'generated tables fail where a row is lost, and the mutation run where a check is noticed by nothing; the list of tests is pinned by no digest',
  },
  {
    id: 'C34',
    what: 'publish, dist-tag, login and token are 405',
    sources: 'ASI02; Shai-Hulud',
    tests: ['test/gate/bad-input.test.ts'],
  },
  {
    id: 'C35',
    what: 'refusals are fixed words and codes; no package’s text reaches the agent by us',
    sources: 'AISVS 10.4.2 (by analogy); LLM01/LLM05; AC.3.3',
    tests: ['test/gate/refusals.test.ts', 'test/attacks/surface-words.test.ts'],
  },
  {
    id: 'C36',
    what: 'a bill of materials (CycloneDX) from the ledger',
    sources: 'LLM03 mitigation 4; AISVS 6.2.3 (models; by analogy)',
    tests: ['test/exports/cyclonedx.test.ts'],
    open: 'it is made of what was served; that it equals the installed set is C22',
  },
];

/** What sounds near, and is not claimed. */
export const NOT_CLAIMED: readonly { readonly what: string; readonly why: string }[] = [
  { what: 'OWASP AISVS C6', why: 'it is about models, not packages' },
  { what: 'OWASP AISVS C4.2', why: 'it is about AI hardware' },
  { what: 'OWASP NPM Security Cheat Sheet §1, §8, §9', why: 'they are for who publishes' },
  {
    what: 'S2C2F ING-4, SCA-5, UPD-1, UPD-2, REB-1 to REB-4, FIX-1',
    why: 'mirroring of sources, analysis, updates, rebuilding and fixing upstream are not built',
  },
];
