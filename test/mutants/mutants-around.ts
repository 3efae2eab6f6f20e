import { type Mutant, mutant } from './mutant.ts';

// Checks of what lies around a package: who asks, what feeds know, what an index may say, where a request may go, what is written down.

const ADVISORIES = 'policy/judge/advisories.ts';
const AUTH = 'gate/auth.ts';
const SERVE = 'gate/serve.ts';
const PACKUMENT = 'ecosystems/npm/packument-read.ts';
const RELEASE = 'ecosystems/npm/release.ts';
const SIMPLE = 'ecosystems/pypi/simple-read.ts';
const LOCATIONS = 'upstream/locations.ts';
const CONNECT = 'upstream/connect.ts';
const OPEN = 'upstream/open.ts';

export const AROUND: readonly Mutant[] = [
  // who asks
  mutant('no-credential', 'that there is a credential', [
    AUTH,
    'if (!open || !isLoopback(request.socket.remoteAddress)) return unknown(false);',
    'if (!isLoopback(request.socket.remoteAddress)) return unknown(false);',
  ]),
  mutant('expiry', 'that a token has not run out', [
    AUTH,
    'return expires === undefined || expires === null || now() < expires ? found.record : null;',
    'return expires !== now() ? found.record : null;',
  ]),
  mutant('roles', 'that agents do not read the ledger', [
    SERVE,
    "if (row.kind === 'ledger' && identity.role !== 'auditor')",
    "if (row.kind === 'ledger' && identity.role === null)",
  ]),
  // what feeds know
  mutant('malware', 'records of malicious packages', [ADVISORIES, 'if (named.length > 0) {', 'if (false) {']),
  mutant('feed-missing', 'that a feed which is required is there', [
    ADVISORIES,
    "if (required.malware === 'required' && isFeedMissing(question)) given.push(firm('FEED_MISSING'));",
    '',
  ]),
  mutant('feed-age', 'how old the feed is', [
    ADVISORIES,
    'return feed === null || !(now < feed.staleAt);',
    'return feed === null || now === feed.staleAt;',
  ]),
  mutant('vulnerabilities', 'known vulnerabilities', [
    ADVISORIES,
    "...(refused.length > 0 ? [unmet('vulnerability', reason(refused))] : []),",
    '',
  ]),
  mutant('severity', 'vulnerabilities without a severity', [
    ADVISORIES,
    'const rank = severity === null ? WORST : SEVERITIES.indexOf(severity);',
    'const rank = severity === null ? 0 : SEVERITIES.indexOf(severity);',
  ]),
  mutant('vulnerability-unchecked', 'that a feed could know of vulnerabilities', [
    ADVISORIES,
    "...(blind ? [unmet('vulnerability', { code: 'VULNERABILITY_UNCHECKED', place })] : []),",
    '',
  ]),
  mutant('affected-ranges', 'ranges of versions that a record names', [
    'feeds/affecting.ts',
    'ranges.some((range) => forms.some((form) => isWithin(range, scheme, form)));',
    'ranges.length < 0;',
  ]),
  // what an index may say
  mutant('packument-name', 'whose packument it is', [
    PACKUMENT,
    "if (own(parsed, 'name') !== name) throw",
    'if (false) throw',
  ]),
  mutant('packument-versions', 'versions in another form than the normal one', [
    PACKUMENT,
    'if (parseVersion(key) !== key) continue;',
    '',
  ]),
  mutant('packument-tags', 'tags that look like versions', [
    PACKUMENT,
    'if (!TAG.test(tag) || parseVersion(tag) !== null ||',
    'if (!TAG.test(tag) ||',
  ]),
  mutant('release-name', 'whose manifest it is', [
    RELEASE,
    "if (own(raw, 'name') !== name || own(raw, 'version') !== version) return null;",
    '',
  ]),
  mutant('page-name', 'whose page it is', [
    SIMPLE,
    "if (typeof pageName !== 'string' || canonicalName(pageName) !== name) {",
    'if (false) {',
  ]),
  mutant('page-format', 'the version of a page’s format', [
    SIMPLE,
    "if (typeof apiVersion !== 'string' || !/^1\\.\\d{1,4}$/.test(apiVersion)) {",
    'if (false) {',
  ]),
  mutant('page-status', 'a status that nobody knows', [
    SIMPLE,
    "if (statuses.includes(undefined)) throw new IndexUnreadable('the project status is unknown');",
    '',
  ]),
  mutant('page-twice', 'files that a page lists twice', [
    SIMPLE,
    "if (seen.has(filename)) throw new IndexUnreadable('a file is listed twice');",
    '',
  ]),
  mutant('page-refusals', 'file names that are ours alone', [
    SIMPLE,
    'if (!parsed || isRefusedWheel(parsed)) return null;',
    'if (!parsed) return null;',
  ]),
  mutant('page-metadata', 'two digests of one METADATA', [
    SIMPLE,
    'return core && old && core !== old ? undefined : (core ?? old);',
    'return core ?? old;',
  ]),
  // where a request may go
  mutant(
    'addresses',
    'private addresses',
    [LOCATIONS, 'if (/^[\\d.]+$|:/.test(host) && !rules.admits(host)) {', 'if (false) {'],
    [CONNECT, 'if (isIP(literal) !== 0 && !rules.admits(literal)) return', 'if (false) return'],
    [CONNECT, "if (!rules.admits(socket.remoteAddress ?? '')) {", 'if (false) {'],
  ),
  mutant('file-origins', 'where files lie', [
    LOCATIONS,
    "if (answer !== 'known' && answer !== 'first') {",
    'if (false) {',
  ]),
  mutant('file-redirects', 'where files are redirected to', [
    OPEN,
    'admitFileOrigin(source, target, this.#origins, this.#rules, target === start);',
    'target !== start ? Promise.resolve() : admitFileOrigin(source, target, this.#origins, this.#rules, true);',
  ]),
  mutant('index-redirects', 'where indexes are redirected to', [
    OPEN,
    'if (target.origin !== url.origin) {',
    'if (false) {',
  ]),
  mutant('evidence-origin', 'where evidence lies', [
    LOCATIONS,
    'if (url.origin !== index.origin) {',
    'if (false) {',
  ]),
  // what is written down
  mutant('entry', 'that what is served has its entry', [
    'admission/admit.ts',
    'const receipt = await this.#recorder.allow(asked, artifact, basis, claims);',
    "const receipt = { seq: claims.first ? 1 : 2, leaf: '0'.repeat(64) };",
  ]),
];
