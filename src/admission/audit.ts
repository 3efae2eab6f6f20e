import {
  filterAdvisories,
  readBulk,
  readQuick,
  writeBulk,
  writeQuickAnswer,
} from '../ecosystems/npm/audit.ts';
import type { PackageName } from '../model/artifact.ts';
import { decide } from '../policy/decide.ts';
import { UpstreamFault } from '../upstream/upstream.ts';
import type { Answer, Asked } from './admission.ts';
import type { FactsCache } from './facts.ts';
import type { Indexes } from './indexes.ts';
import { admittedVersions } from './nearest.ts';
import type { Ports } from './ports.ts';

/** The one audit route that upstreams answer; `quick` is answered from it. */
const BULK = '-/npm/v1/security/advisories/bulk';

/** More names than any tree has; a longer list is not an audit. */
const MAX_NAMES = 20_000;

/**
 * An audit query: only admitted names at versions that the index has go upstream, in a body that we write.
 * Where something was left out or nobody answers, there is no clean result to give: AUDIT_UNANSWERED.
 * `null` says so; the caller makes it a refusal.
 */
export async function audit(
  ports: Ports,
  indexes: Indexes,
  facts: FactsCache,
  asked: Asked,
  flavour: 'bulk' | 'quick',
): Promise<Answer | 'unanswered' | 'malformed'> {
  const wanted =
    flavour === 'bulk' ? readBulk(asked.body ?? new Uint8Array()) : readQuick(asked.body ?? new Uint8Array());
  if (!wanted || wanted.size > MAX_NAMES) return 'malformed';
  const policy = ports.policy();
  const asking = new Map<PackageName, string[]>();
  let leftOut = 0;
  for (const [name, versions] of wanted) {
    const id = { ecosystem: asked.ecosystem.id, name };
    const decision = decide(policy, asked.caller.profile, { stage: 'name', ...id });
    // A name that we never saw has no business in an audit: nothing of it was installed through here.
    if (decision.verdict !== 'allow' || !(await ports.ledger.memory.lastIndex(id))) {
      leftOut++;
      continue;
    }
    const index = await indexes.get(id);
    const known = index
      ? (await admittedVersions(ports, indexes, facts, asked.caller.profile, id, index)).known
      : [];
    const held = versions.filter((v) => known.includes(v));
    if (held.length < versions.length) leftOut++;
    if (held.length > 0) asking.set(name, held);
  }
  if (asking.size === 0) return wanted.size === 0 ? answer(flavour, new Map()) : 'unanswered';
  const [anyName] = asking.keys();
  if (!anyName) return 'unanswered';
  let body: Uint8Array;
  try {
    body = await ports.upstream.audit(
      ports.source({ ecosystem: asked.ecosystem.id, name: anyName }),
      BULK,
      writeBulk(asking),
    );
  } catch (error) {
    if (error instanceof UpstreamFault) return 'unanswered';
    throw error;
  }
  const advisories = filterAdvisories(body, asking);
  // Silence about what was not asked is no clean result.
  if (!advisories || (advisories.size === 0 && leftOut > 0)) return 'unanswered';
  return answer(flavour, advisories);

  function answer(kind: 'bulk' | 'quick', found: NonNullable<ReturnType<typeof filterAdvisories>>): Answer {
    return {
      kind: 'document',
      status: 200,
      contentType: 'application/json',
      encoding: null,
      body: kind === 'bulk' ? writeBulkAnswer(found) : writeQuickAnswer(found, asking),
      etag: null,
      vary: false,
    };
  }
}

function writeBulkAnswer(found: NonNullable<ReturnType<typeof filterAdvisories>>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(found)));
}
