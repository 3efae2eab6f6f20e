import { workerData } from 'node:worker_threads';
import { Desk } from '../admission/desk.ts';
import type { FactsBytes } from '../admission/facts.ts';
import type { IndexRef, PageRequest, VersionsRequest } from '../admission/ports.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { PackageId } from '../model/artifact.ts';
import type { TrustBytes } from '../verify/trust.ts';
import { giveWay } from './give-way.ts';
import { opened, type PolicyPieces } from './policy-pieces.ts';
import { Moved, owned, serve } from './rpc.ts';

// The desk in a thread of its own: large documents are read, decided on and written here.
const desk = new Desk(ECOSYSTEMS);
if ((workerData as { givesWay: boolean }).givesWay) giveWay();

serve({
  async open(id: PackageId, chunks: Uint8Array[]) {
    const opened = await desk.open(id, chunks);
    const files = owned(opened.files);
    return new Moved({ ...opened, files }, [files]);
  },
  file: (ref: IndexRef, filename: string, facts: FactsBytes) => desk.file(ref, filename, facts),
  async page(request: PageRequest) {
    const page = await desk.page(request);
    const body = owned(page.body);
    return new Moved({ ...page, body }, [body]);
  },
  versions: (request: VersionsRequest) => desk.versions(request),
  // Pages under the policy before it are made meanwhile.
  setPolicy: async (pieces: PolicyPieces) => desk.setPolicy(await opened(pieces)),
  setTrust: (trust: TrustBytes) => desk.setTrust(trust),
});
