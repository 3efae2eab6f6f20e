import { workerData } from 'node:worker_threads';
import type { EvidenceJob } from '../model/evidence.ts';
import { checkEvidence } from '../verify/evidence.ts';
import { openTrust, type Trust, type TrustBytes } from '../verify/trust.ts';
import { giveWay } from './give-way.ts';
import { serve } from './rpc.ts';
import type { Checked } from './verify-pool.ts';

// Documents from outside are verified here: a fault or a flood of memory ends this thread, not the firewall.
// One that cannot open the trust root ends before it answers anything.
let trust: Trust | null = openTrust(workerData as TrustBytes);
giveWay();

// No method waits for anything: a check that comes after `setTrust` is under the new trust, one before it is not.
serve({
  async check(job: EvidenceJob, now: number): Promise<Checked> {
    if (!trust) throw new Error('no trust root is in use');
    const began = performance.now();
    const verdict = checkEvidence(trust, job, now);
    return { verdict, trust: trust.digest, seconds: (performance.now() - began) / 1000 };
  },
  async setTrust(bytes: TrustBytes): Promise<void> {
    // Should it fail, the one before is not in use any more either: nobody asks under it.
    trust = null;
    trust = openTrust(bytes);
  },
});
