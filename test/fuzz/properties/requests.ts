import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ECOSYSTEMS } from '../../../src/ecosystems/all.ts';
import { rangeOf } from '../../../src/gate/ranges.ts';
import { below, parseTarget } from '../../../src/gate/target.ts';
import { type Property, property } from '../property.ts';

// What a request can say: names, paths, ranges.

const PIECES = [
  ...[
    'a',
    'Ab',
    'six',
    'left-pad',
    'x_y',
    'x.y',
    '@s',
    '@s/n',
    '@s%2fn',
    '%40s',
    '-',
    '--',
    '.',
    '..',
    '...',
  ],
  ...[
    '%2e',
    '%2E%2e',
    '%2f',
    '%5c',
    '%00',
    '%0a',
    '%25',
    '%252e',
    '%c0%af',
    '\\',
    '/',
    '//',
    '?',
    '#',
    ' ',
    ':',
  ],
  ...['1.0.0', '1.0', 'v1', '.tgz', '.whl', '.tar.gz', '.metadata', '-py3-none-any.whl', '-/blocked/DENIED/'],
  ...[
    'simple/',
    'files/',
    '-/',
    'integrity/',
    'constructor',
    '__proto__',
    'node_modules',
    'é',
    'ſ',
    '\u0130',
    '\0',
  ],
];

const piece = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 3 }));
const words = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

/** One of these, into which up to two pieces were put: most of them still are what they were made from. */
function nearly(...texts: readonly string[]): fc.Arbitrary<string> {
  const put = fc.tuple(fc.nat(), piece);
  return fc.tuple(fc.constantFrom(...texts), fc.array(put, { maxLength: 2 })).map(([text, puts]) => {
    let changed = text;
    for (const [pick, what] of puts) {
      const at = pick % (changed.length + 1);
      changed = changed.slice(0, at) + what + changed.slice(at);
    }
    return changed;
  });
}

const NAMES = nearly('left-pad', '@s/n', 'six', 'Zope.Interface', 'JSONStream');
const PATHS = nearly(
  ...['left-pad', '@s/n', '@s%2fn', 'left-pad/1.0.0', '-/package/left-pad/dist-tags', '-/v1/search?text=a'],
  ...['left-pad/-/left-pad-1.0.0.tgz', '@s/n/-/n-1.0.0.tgz', 'n/-/blocked/DENIED/n-1.0.0.tgz'],
  ...['-/npm/v1/attestations/n@1.0.0', '-/npm/v1/attestations/@s%2fn@1.0.0', '-/npm/v1/keys'],
  ...[
    'simple/six/',
    'simple/Zope.Interface',
    'files/six/six-1.0.0-py3-none-any.whl',
    'files/six/six-1.0.0.tar.gz',
  ],
  ...['files/six/six-1.0.0-py3-none-any.whl.metadata'],
  ...['integrity/six/1.0.0/six-1.0.0-py3-none-any.whl/provenance'],
);

const names = property('names', 3_000, fc.oneof(words, NAMES), (raw) => {
  for (const { versions, indexRequest, route, mount } of ECOSYSTEMS) {
    const name = versions.canonicalName(raw);
    if (name === null) continue;
    assert.equal(versions.canonicalName(name), name, 'a canonical name is its own');
    assert.match(
      name,
      /^(?:@[A-Za-z0-9._~!'()*-]+\/)?[A-Za-z0-9._~!'()*-]+$/,
      'no part of it climbs or hides',
    );
    const { path } = indexRequest(name);
    assert.ok(!path.split(/\/|%2f/i).some((segment) => /^\.{0,2}$/.test(segment) && segment !== ''), path);
    assert.equal(decodeURIComponent(path).includes(name), true, 'the upstream is asked for this name');
    const own = mount === '/npm/' ? name.replace('/', '%2f') : `simple/${name}/`;
    const back = route(own, { method: 'GET', accept: '', userAgent: '', query: '' });
    // A name can be one that no route leads to; then it leads to no other either.
    if (back && 'name' in back) assert.equal(back.name, name, own);
  }
});

const paths = property('paths', 3_000, fc.oneof(words, PATHS), (raw) => {
  const target = parseTarget(`/${raw}`);
  if (!target) return;
  for (const { route, mount, versions, parseFilename } of ECOSYSTEMS) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      const path = below('/', target.path);
      const found = route(path, { method, accept: '', userAgent: '', query: target.query });
      if (!found) continue;
      const what = `${mount}${path}`;
      if ('name' in found) assert.equal(versions.canonicalName(found.name), found.name, what);
      if ('filename' in found) {
        assert.match(found.filename, /^[^/\\%\0]+$/, what);
        assert.notEqual(parseFilename(found.name, found.filename), null, what);
      }
      if (found.kind === 'redirect') assert.notEqual(parseTarget(`/${found.to}`), null, what);
    }
  }
});

const numbers = fc.oneof(
  fc.nat(30),
  fc.constantFrom('', '-1', '1e3', '0x1', ' 2', '99999999999999999999', '00'),
);
const ranges = property(
  'ranges',
  3_000,
  fc.record({
    range: fc.oneof(
      fc
        .tuple(
          fc.constantFrom('bytes=', 'Bytes=', 'bytes =', 'items=', ''),
          numbers,
          numbers,
          fc.constantFrom('', ',0-1', ' ', 'x'),
        )
        .map(([unit, a, b, end]) => `${unit}${a}-${b}${end}`),
      fc.string({ maxLength: 12 }),
    ),
    ifRange: fc.constantFrom(null, '"etag"', 'W/"etag"', '"other"'),
    size: fc.nat(25),
  }),
  ({ range, ifRange, size }) => {
    const found = rangeOf(range, ifRange ?? undefined, '"etag"', size);
    if (found.kind !== 'part') return;
    assert.ok(Number.isSafeInteger(found.start) && Number.isSafeInteger(found.end));
    assert.ok(found.start >= 0 && found.start < found.end && found.end <= size, JSON.stringify(found));
    assert.ok(ifRange === null || ifRange === '"etag"', 'of other bytes than these');
    const said = /^bytes=\s*([0-9]*)-([0-9]*)\s*$/i.exec(range);
    assert.ok(said, 'read where there is none');
    const [, first = '', last = ''] = said;
    const bytes = Array.from({ length: size }, (_, at) => at);
    const meant =
      first === ''
        ? bytes.slice(-Number(last))
        : bytes.filter((at) => at >= Number(first) && (last === '' || at <= Number(last)));
    assert.deepEqual(bytes.slice(found.start, found.end), meant);
  },
);

export const REQUESTS: readonly Property[] = [names, paths, ranges];
