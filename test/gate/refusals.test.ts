import { afterEach, describe, expect, test } from 'vitest';
import type { ReasonCode } from '../../src/model/reason-codes.ts';
import { REASONS, statusOf } from '../../src/model/reason-codes.ts';
import { ENTRY, refusal, ScriptedAdmission } from './fakes.ts';
import { ask, type RunningGate, startGate } from './harness.ts';

let gate: RunningGate;
afterEach(() => gate.app.close());

describe('a refusal of admission', () => {
  test('says the same line wherever a client looks', async () => {
    const line =
      'sallyport refused left-pad@9.9.9: it is younger than the policy admits (TOO_YOUNG); admitted instead: left-pad@1.3.0';
    gate = await startGate({
      admission: new ScriptedAdmission(() => ({
        kind: 'refusal',
        refusal: refusal('TOO_YOUNG', {
          line,
          reasons: ['TOO_YOUNG', 'INSTALL_SCRIPTS'],
          package: 'pkg:npm/left-pad@9.9.9',
          nearestAllowed: 'left-pad@1.3.0',
          eligibleAt: 1_800_000_000_000,
        }),
      })),
    });
    const answer = await ask(gate, '/npm/left-pad');
    expect([answer.status, answer.phrase]).toEqual([403, line]);
    expect(answer.headers.get('npm-notice')).toBe(line);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-sallyport-entry')).toBe(ENTRY);
    expect(answer.headers.has('retry-after')).toBe(false);
    expect(answer.headers.get('content-length')).toBe(String(answer.body.length));
    expect(JSON.parse(answer.body.toString())).toEqual({
      type: 'urn:sallyport:TOO_YOUNG',
      title: 'Refused by the install policy',
      status: 403,
      detail: line,
      error: line,
      code: 'TOO_YOUNG',
      reasons: ['TOO_YOUNG', 'INSTALL_SCRIPTS'],
      package: 'pkg:npm/left-pad@9.9.9',
      nearestAllowed: 'left-pad@1.3.0',
      eligibleAt: '2027-01-15T08:00:00.000Z',
      entry: ENTRY,
      why: `http://${gate.host}/-/why/${ENTRY}`,
    });
  });

  test('HEAD has its headers and no body', async () => {
    gate = await startGate({
      admission: new ScriptedAdmission(() => ({ kind: 'refusal', refusal: refusal('NOT_ALLOWLISTED') })),
    });
    const answer = await ask(gate, '/npm/left-pad', {}, 'HEAD');
    expect(answer.status).toBe(403);
    expect(answer.phrase).toContain('NOT_ALLOWLISTED');
    expect(answer.body.length).toBe(0);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(100);
  });

  test('a line cannot break out of its header or its terminal', async () => {
    const line = `a\r\nX-Evil: 1\u001b[31m\u202e\u2028é${'x'.repeat(1000)}`;
    gate = await startGate({
      admission: new ScriptedAdmission(() => ({ kind: 'refusal', refusal: refusal('DENIED', { line }) })),
    });
    const answer = await ask(gate, '/npm/left-pad');
    expect(answer.status).toBe(403);
    expect(answer.headers.has('x-evil')).toBe(false);
    expect(answer.phrase).toMatch(/^[\x20-\x7e]{1,300}$/);
    expect(JSON.parse(answer.body.toString()).error).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
  });

  test('an unusable instant or wait is left out', async () => {
    gate = await startGate({
      admission: new ScriptedAdmission((asked) => ({
        kind: 'refusal',
        refusal: refusal(asked.method === 'GET' ? 'TOO_YOUNG' : 'DENIED', { eligibleAt: Number.NaN }),
      })),
    });
    expect(JSON.parse((await ask(gate, '/npm/left-pad')).body.toString()).eligibleAt).toBe(null);
  });

  test.each(Object.keys(REASONS) as ReasonCode[])(
    '%s has its status; only faults have Retry-After',
    async (code) => {
      gate = await startGate({
        admission: new ScriptedAdmission(() => ({ kind: 'refusal', refusal: refusal(code) })),
      });
      const answer = await ask(gate, '/npm/left-pad');
      expect(answer.status).toBe(statusOf(code));
      expect(answer.headers.has('retry-after')).toBe(statusOf(code) >= 500);
      expect(await gate.metrics.render()).toContain(
        `sallyport_decisions_total{ecosystem="npm",kind="index",code="${code}"} 1`,
      );
    },
  );
});

describe('a fault is never an answer', () => {
  test('admission throws: 500 without its words', async () => {
    gate = await startGate({
      admission: new ScriptedAdmission(() => {
        throw new Error('secret words');
      }),
    });
    const answer = await ask(gate, '/npm/left-pad');
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([500, 'INTERNAL']);
    expect(answer.body.toString() + answer.phrase).not.toContain('secret');
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await ask(gate, '/healthz')).status).toBe(200);
  });

  test('an ecosystem throws: 500, and admission is not asked', async () => {
    gate = await startGate();
    expect((await ask(gate, '/pypi/simple/throws/')).status).toBe(500);
    expect(gate.admission.asked).toEqual([]);
  });

  test.each([
    ['/npm/..', 'GET'],
    ['/pypi/nothing', 'GET'],
    ['/npm/express', 'PUT'],
  ])('the ledger is gone and %s %s is refused by the gate: 503', async (path, method) => {
    gate = await startGate();
    gate.admission.ledgerDown = true;
    const answer = await ask(gate, path, {}, method);
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([503, 'LEDGER_UNAVAILABLE']);
  });

  test.each(['https://host.invalid/', '/npm/x', '../x', 'a\r\nb', 'x/../../y', '%2e%2e/x'])(
    'a redirect to %j is a 500',
    async (to) => {
      gate = await startGate({ admission: new ScriptedAdmission(() => ({ kind: 'redirect', to })) });
      const answer = await ask(gate, '/npm/left-pad');
      expect(
        answer.status === 500 || answer.headers.get('location')?.startsWith(`http://${gate.host}/npm/`),
      ).toBe(true);
      expect(answer.headers.get('location') ?? '').not.toMatch(/\.\.|%2e/);
    },
  );

  test('a header that cannot be sent is a 500', async () => {
    gate = await startGate({
      admission: new ScriptedAdmission(() => ({
        kind: 'document',
        status: 200,
        contentType: 'a\r\nX: y',
        encoding: null,
        body: Buffer.from('x'),
        etag: null,
        vary: false,
      })),
    });
    expect((await ask(gate, '/npm/left-pad')).status).toBe(500);
  });
});

test('more in flight than the bound: 503 with Retry-After, and health still answers', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gate = await startGate({
    limits: { maxInFlight: 2 },
    admission: new ScriptedAdmission(async () => {
      await held;
      return { kind: 'refusal', refusal: refusal('DENIED') };
    }),
  });
  const waiting = [ask(gate, '/npm/a'), ask(gate, '/npm/b')];
  while (gate.admission.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const answer = await ask(gate, '/npm/c');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(JSON.parse(answer.body.toString()).code).toBe('OVERLOADED');
  expect((await ask(gate, '/healthz')).status).toBe(200);
  expect((await ask(gate, '/npm/..')).status).toBe(503);
  expect([gate.admission.asked.length, gate.admission.refused.length]).toEqual([2, 0]);
  release();
  expect((await Promise.all(waiting)).map((a) => a.status)).toEqual([403, 403]);
  expect((await ask(gate, '/npm/d')).status).toBe(403);
});
