import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { ask, type RunningGate, startGate } from './harness.ts';

/** The gate with the grammars that it is delivered with: what reaches admission, and what does not. */
let gate: RunningGate;
beforeAll(async () => {
  gate = await startGate({ ecosystems: ECOSYSTEMS });
});
beforeEach(() => {
  gate.admission.asked.length = 0;
});
afterAll(() => gate.app.close());

test.each([
  ['/npm/express', 'index', '/npm/'],
  ['/express', 'index', '/'],
  ['/npm/@types%2fnode', 'index', '/npm/'],
  ['/npm/@types/node', 'index', '/npm/'],
  ['/@types/node/-/node-24.0.0.tgz', 'artifact', '/'],
  ['/npm/express/-/express-5.0.0.tgz', 'artifact', '/npm/'],
  ['/npm//express', 'index', '/npm/'],
  ['/npm/__proto__', null, ''],
  ['/npm/constructor', 'index', '/npm/'],
  ['/npm/-/ping', 'fixed', '/npm/'],
  ['/-/ping', 'fixed', '/'],
  ['/npm/-/v1/search?text=express&size=20&from=0', 'search', '/npm/'],
  ['/pypi/simple/', 'names', '/pypi/'],
  ['/pypi/simple/six/', 'index', '/pypi/'],
  ['/pypi/simple//six/', 'index', '/pypi/'],
  ['/pypi/simple/Zope.Interface/', 'redirect', '/pypi/'],
  ['/pypi/files/six/six-1.16.0-py2.py3-none-any.whl', 'artifact', '/pypi/'],
  ['/pypi/files/six/six-1.16.0-py2.py3-none-any.whl.metadata', 'metadata', '/pypi/'],
  ['/pypi/simple/..%2fsix/', null, ''],
  ['/pypi/simple/six%2f..%2fx/', null, ''],
  ['/pypi/files/six/..%5cx.whl', null, ''],
  ['/npm/express/-/..%2fx.tgz', null, ''],
  ['/npm/express/-/other-1.0.0.tgz', null, ''],
  ['/npm/-/all', null, ''],
  ['/npm/-/user/org.couchdb.user:ana', null, ''],
  ['/ledger/tile/0/000', null, ''],
])('%s is %s', async (target, kind, mount) => {
  const answer = await ask(gate, target);
  expect(gate.admission.asked.map((asked) => asked.route.kind)).toEqual(kind === null ? [] : [kind]);
  if (kind === null) expect(answer.status).toBeGreaterThanOrEqual(400);
  else expect(gate.admission.asked[0]?.base).toBe(`http://${gate.host}${mount}`);
});
