import type { PackageId } from '../model/artifact.ts';
import type { Reason } from '../model/decision.ts';
import { decide } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import type { Asked, Refusal } from './admission.ts';
import type { PrefixBudget } from './budget.ts';
import type { Ports } from './ports.ts';
import type { Recorder } from './record.ts';

/** A name that the policy admits for the caller, under the policy that was in force. */
export interface AdmittedName {
  readonly policy: Policy;
  readonly place: string | null;
  readonly by: string | null;
  /** In mode `observe`: for what it would have been refused. */
  readonly observed: readonly Reason[];
}

/**
 * The first door: by name alone, before any contact with an upstream. Unlisted, unknown and internal names
 * get one code and one body, so nobody learns which of them it was.
 */
export async function admitName(
  ports: Ports,
  recorder: Recorder,
  budget: PrefixBudget,
  asked: Asked,
  id: PackageId,
): Promise<AdmittedName | Refusal> {
  const policy = ports.policy();
  const now = ports.now();
  const decision = decide(policy, asked.caller.profile, { stage: 'name', ...id, now });
  const basis = { policy, now, place: decision.place, by: decision.by };
  if (decision.verdict !== 'allow') return recorder.refuse(asked, id, decision.reasons, basis);
  // A prefix, or nothing but mode observe: whoever may ask for any name can spell secrets in them.
  const reviewed = decision.by === 'exact' || decision.by === 'pin';
  const seen = reviewed || (await ports.ledger.memory.lastIndex(id)) !== null;
  // Where the name comes from may be another upstream by now, or none.
  if (ports.policy() !== policy) return admitName(ports, recorder, budget, asked, id);
  if (!seen) {
    if (!budget.take(asked.caller.agent, `${id.ecosystem}\n${id.name}`, now)) {
      // In the words of an unlisted name: another code would tell internal names from the rest.
      ports.alarm('name-budget', { agent: asked.caller.agent, ecosystem: id.ecosystem });
      // Its entry tells, by the rule that admits the name, or by what was observed.
      return recorder.refuse(asked, id, ['NOT_ALLOWLISTED'], { ...basis, observed: decision.observed });
    }
  }
  return { policy, place: decision.place, by: decision.by, observed: decision.observed };
}
