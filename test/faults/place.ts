import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { House } from '../../src/house/house.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';

/** Names of each kind of package: any number of them, so that every case has one that nobody asked for yet. */
const POLICY = `profile: default
allow:
  - { npm: "plain-*" }
  - { npm: "proven-*", requirements: { registry-signature: required, provenance: required } }
  - { npm: "shown-*", requirements: { provenance: if-present } }
  - { npm: "young-*", requirements: { age: 7d } }
  - { npm: "grown-*", requirements: { changes: deny } }
  - { pypi: "plain-*" }
  - { pypi: "young-*", requirements: { age: 7d } }
  - { pypi: "shown-*", requirements: { provenance: if-present } }
`;

const AGENT = 'an-agent-of-the-fault-run';
const AUDITOR = 'an-auditor-of-the-fault-run';

export interface Asking {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly auditor?: true;
}

/** What came back: `status` 0 where the connection ended before there was one, `whole` where the answer came to its end. */
export interface Came {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly whole: boolean;
}

export interface Place {
  readonly house: EvidenceHouse;
  ask(asking: Asking): Promise<Came>;
}

/** `deadline`: what the gate waits for an answer, ms, at each request anew; left out, as long as it ever does. */
export async function openPlace(deadline?: () => number): Promise<Place> {
  const house = await startEvidenceHouse({
    policy: POLICY,
    env: { SALLYPORT_PREFIX_BUDGET: '1000000', SALLYPORT_LOG_LEVEL: 'silent' },
    gate: (inside) => ({
      tokens: [recordOf(AGENT, 'agent'), recordOf(AUDITOR, 'auditor')],
      audit: inside.audit,
      // A timer takes whatever has the value of a number.
      ...(deadline && { limits: { answerTimeout: { valueOf: deadline } as number, stallTimeout: 1_000 } }),
    }),
  });
  const agent = new Agent({ keepAlive: true });
  return { house, ask: (asking) => ask(new URL(house.url).port, agent, asking) };
}

export type Inside = House;

function recordOf(token: string, role: 'agent' | 'auditor') {
  const hash: Digest = `sha256:${createHash('sha256').update(token).digest('hex')}`;
  return { hash, agent: token, profile: 'default', role };
}

function ask(
  port: string,
  agent: Agent,
  { path, method = 'GET', headers, body, auditor }: Asking,
): Promise<Came> {
  return new Promise((resolve) => {
    const authorization = `Bearer ${auditor ? AUDITOR : AGENT}`;
    const options = { host: '127.0.0.1', port, path, method, agent, headers: { authorization, ...headers } };
    const nothing = { status: 0, headers: {}, body: Buffer.alloc(0), whole: false };
    const asking = request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => undefined);
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Came['headers'],
          body: Buffer.concat(pieces),
          whole: response.complete,
        }),
      );
    });
    asking.on('error', () => resolve(nothing));
    asking.end(body);
  });
}
