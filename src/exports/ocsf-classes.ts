import { type Fields, textOf } from './logged.ts';

/** An event class of OCSF with the activity of one entry. */
export interface Class {
  readonly category: number;
  /** Within its category. */
  readonly uid: number;
  readonly activity: number;
  readonly name: string;
}

/** OCSF `severity_id`. */
export const SEVERITY = {
  none: { severity_id: 1, severity: 'Informational' },
  low: { severity_id: 2, severity: 'Low' },
  medium: { severity_id: 3, severity: 'Medium' },
  high: { severity_id: 4, severity: 'High' },
} as const;

const READ = { activity: 2, name: 'Read' } as const;

/**
 * Which class an entry's type is, and why:
 * - decision: API Activity (6003). Somebody asked an operation of a service, on a resource, and a control allowed or denied
 *   it; the class asks for actor, operation and resource, and the profile `security_control` for what the control did.
 * - alarm: Detection Finding (2004), what people are to look at.
 * - policy, admin, log: Entity Management (3004), a managed thing was made or changed.
 * - start, stop: Application Lifecycle (6002).
 * - served, aborted, tally: the base event (0), "events that are not otherwise defined by the schema": such an entry
 *   names its decision, and neither actor nor resource, which every fitting class asks for. `metadata.correlation_uid` is
 *   the request's, the same as in its decision.
 */
export function classOf(type: string, fields: Fields): Class {
  switch (type) {
    case 'decision':
      return { category: 6, uid: 3, ...READ };
    case 'alarm':
      return { category: 2, uid: 4, activity: 1, name: 'Create' };
    case 'policy':
    case 'admin':
      return { category: 3, uid: 4, ...(textOf(fields, 'outcome') === 'unchanged' ? READ : UPDATE) };
    case 'log':
      return { category: 3, uid: 4, activity: 1, name: 'Create' };
    case 'start':
      return { category: 6, uid: 2, activity: 3, name: 'Start' };
    case 'stop':
      return { category: 6, uid: 2, activity: 4, name: 'Stop' };
    default:
      return { category: 0, uid: 0, activity: 99, name: type };
  }
}

const UPDATE = { activity: 3, name: 'Update' } as const;

/** Alarms that say that something is not what it was; every other is about upkeep. */
const GRAVE_ALARMS: ReadonlySet<string> = new Set([
  'digest-changed',
  'digest-mismatch',
  'file-origin',
  'vault-damaged',
  'evidence-failed',
  'signer-changed',
  'malware',
  'log-rolled-back',
  'witness-refused',
]);

export function alarmSeverity(code: string): 'high' | 'medium' {
  return GRAVE_ALARMS.has(code) ? 'high' : 'medium';
}
