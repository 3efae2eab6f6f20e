import { parentPort, workerData } from 'node:worker_threads';
import { readPolicySources } from '../allowlists.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { digestOfSources, planOf } from '../policy/language/plan.ts';
import { PolicyError } from '../policy/policy.ts';
import { packedPolicy } from '../replay/kept-policies.ts';
import type { LoadJob, LoadMessage } from './policy-loader.ts';
import { packed } from './policy-pieces.ts';

// One policy is read and compiled here, and the thread ends: what that took of memory goes with it. It gives way to
// nobody: whoever keeps the firewall busy must not keep a denial from coming into force.
const { folder, expect } = workerData as LoadJob;
const say = (message: LoadMessage) => parentPort?.postMessage(message);

try {
  const sources = await readPolicySources(folder);
  if (expect !== null && digestOfSources(sources) !== expect) say({ kind: 'other' });
  else {
    const plan = planOf(
      sources,
      ECOSYSTEMS.map((one) => one.versions),
    );
    for (const bytes of packed(plan)) say({ kind: 'piece', bytes });
    say({ kind: 'done', packed: packedPolicy(sources) });
  }
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  say({ kind: 'problems', problems: error.problems });
}
