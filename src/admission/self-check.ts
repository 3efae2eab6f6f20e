import type { Route } from '../ecosystems/ecosystem.ts';
import { decide } from '../policy/decide.ts';
import type { Answer, Asked } from './admission.ts';
import type { Lister } from './list.ts';
import type { Ports } from './ports.ts';

/**
 * A package manager asks whether there is a newer one of itself. Where its name is admitted this is an index
 * like any other; where not, it is told that there is nothing, and nobody is refused anything.
 */
export function selfCheck(
  ports: Ports,
  lister: Lister,
  asked: Asked,
  route: Extract<Route, { kind: 'self-check' }>,
): Promise<Answer> {
  const id = { ecosystem: asked.ecosystem.id, name: route.name };
  const decision = decide(ports.policy(), asked.caller.profile, { stage: 'name', ...id, now: ports.now() });
  if (decision.verdict === 'allow') return lister.list(asked, { ...route, kind: 'index' });
  return Promise.resolve({
    kind: 'document',
    status: 404,
    contentType: 'application/json',
    encoding: null,
    body: new TextEncoder().encode('{"error":"sallyport keeps no versions of this client"}'),
    etag: null,
    vary: false,
  });
}
