import { IndexUnreadable } from '../ecosystems/ecosystem.ts';
import {
  type Advisories,
  type Advisory,
  filterAdvisories,
  writeBulkAnswer,
  writeQuickAnswer,
} from '../ecosystems/npm/advisories.ts';
import { type AuditQuery, readBulk, readQuick, writeBulk } from '../ecosystems/npm/audit.ts';
import type { PackageName } from '../model/artifact.ts';
import { decide } from '../policy/decide.ts';
import { type Source, UpstreamFault } from '../upstream/upstream.ts';
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
 * Where something was left out or nobody answers, there is no clean result to give: `unanswered`. `malformed`:
 * the body is none that is read. The caller makes both refusals.
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
    const decision = decide(policy, asked.caller.profile, { stage: 'name', ...id, now: ports.now() });
    // A name that we never saw has no business in an audit: nothing of it was installed through here.
    if (decision.verdict !== 'allow' || !(await ports.ledger.memory.lastIndex(id))) {
      leftOut++;
      continue;
    }
    let known: readonly string[] = [];
    try {
      const index = await indexes.get(id);
      if (index) {
        ({ known } = await admittedVersions(ports, indexes, facts, asked.caller.profile, id, index));
      }
    } catch (error) {
      if (!(error instanceof UpstreamFault || error instanceof IndexUnreadable)) throw error;
    }
    const has = new Set(known);
    const held = versions.filter((v) => has.has(v));
    if (held.length < versions.length) leftOut++;
    if (held.length > 0) asking.set(name, held);
  }
  if (asking.size === 0) return wanted.size === 0 ? answer(flavour, new Map()) : 'unanswered';
  const advisories = new Map<PackageName, readonly Advisory[]>();
  for (const [source, names] of bySource(ports, asked, asking)) {
    try {
      const found = filterAdvisories(await ports.upstream.audit(source, BULK, writeBulk(names)), names);
      if (!found) return 'unanswered';
      for (const [name, about] of found) advisories.set(name, about);
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error;
      leftOut++;
    }
  }
  // Silence about what was not asked or not answered is no clean result.
  if (advisories.size === 0 && leftOut > 0) return 'unanswered';
  return answer(flavour, advisories);

  function answer(kind: 'bulk' | 'quick', found: Advisories): Answer {
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

/** Each name goes to the one upstream that it comes from: another one must not learn that it exists. */
function bySource(
  ports: Ports,
  asked: Asked,
  asking: AuditQuery,
): Map<Source, Map<PackageName, readonly string[]>> {
  const groups = new Map<string, { source: Source; names: Map<PackageName, readonly string[]> }>();
  for (const [name, versions] of asking) {
    const source = ports.source({ ecosystem: asked.ecosystem.id, name });
    const group = groups.get(source.id) ?? { source, names: new Map() };
    groups.set(source.id, group);
    group.names.set(name, versions);
  }
  return new Map([...groups.values()].map(({ source, names }) => [source, names]));
}
