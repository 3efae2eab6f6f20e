import type { FileRoute, Route } from '../ecosystems/ecosystem.ts';
import type { Answer, Asked } from './admission.ts';
import type { Ports } from './ports.ts';
import type { Recorder } from './record.ts';
import { isRefusal, plainRefusal } from './refusal.ts';
import type { Resolver } from './resolve.ts';

/** The path of a refused artifact: says why, by the decision of now; never anything else. */
export async function blocked(
  ports: Ports,
  recorder: Recorder,
  resolver: Resolver,
  asked: Asked,
  route: Extract<Route, { kind: 'blocked' }>,
): Promise<Answer> {
  const file: FileRoute = { kind: 'artifact', name: route.name, filename: route.filename };
  const resolved = await resolver.resolve(asked, file);
  if (isRefusal(resolved)) return { kind: 'refusal', refusal: resolved };
  // It has become admissible since the page was written: the client must read the index again.
  const refusal = await recorder.refuse(asked, resolved.artifact, ['UNKNOWN_VERSION'], {
    policy: resolved.policy,
    now: ports.now(),
    place: resolved.place,
    by: resolved.by,
    index: resolved.index.digest,
  });
  return { kind: 'refusal', refusal };
}

/** Nobody can answer an audit: an error, never a clean result. It decides nothing, so it makes no entry. */
export function unanswered(): Answer {
  return { kind: 'refusal', refusal: plainRefusal('AUDIT_UNANSWERED') };
}
