import type { Policy } from '../policy/policy.ts';
import { type Requirements, STRICT } from '../policy/profile.ts';

/** Whether somebody wrote into a policy what only a feed can answer; what holds without a word does not count. */
export function asksForFeed({ profiles }: Policy): boolean {
  for (const { ecosystems } of profiles.values()) {
    for (const { requirements, allow } of ecosystems.values()) {
      if (asks(requirements) || [...allow.entries()].some(([, value]) => asks(value.requirements)))
        return true;
    }
  }
  return false;
}

function asks({ malware, vulnerability }: Requirements): boolean {
  return (malware !== 'off' && malware !== STRICT.malware) || vulnerability !== 'off';
}
