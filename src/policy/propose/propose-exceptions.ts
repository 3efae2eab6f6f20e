import type { Reason } from '../../model/decision.ts';
import type { Liftable } from '../../model/liftable.ts';

/** A requirement's value under which an artifact that was seen would pass. */
export interface Exception {
  readonly key: string;
  readonly value: string;
}

/**
 * The exception that lets a file pass, for a rule that names its version exactly; null where none is proposed:
 * evidence that is there and fails, or is of somebody else, is a matter for a person, and so is all that no
 * requirement decides on.
 */
export function exceptionFor({ code, detail }: Reason): Exception | null {
  switch (code) {
    case 'INSTALL_SCRIPTS':
      return { key: 'install-scripts', value: 'allow' };
    case 'SDIST':
      return { key: 'sdist', value: 'allow' };
    case 'DIRECT_URL':
    case 'ALIAS_NOT_ADMITTED':
      return { key: 'direct-urls', value: 'allow' };
    case 'STARTUP_HOOK':
      return { key: 'startup-hooks', value: 'allow' };
    case 'FOREIGN_PLACE':
      return { key: 'foreign-places', value: 'allow' };
    case 'LICENCE':
      return { key: 'licence', value: 'off' };
    case 'VULNERABLE':
      return { key: 'vulnerability', value: 'warn' };
    case 'BELOW_FLOOR':
      return { key: 'floor', value: 'off' };
    case 'NEW_INSTALL_SCRIPT':
    case 'NEW_DEPENDENCY':
    case 'SDIST_INSTEAD':
      return { key: 'changes', value: 'warn' };
    case 'SIGNATURE_MISSING':
    case 'PROVENANCE_MISSING':
    case 'EVIDENCE_DOWNGRADE':
      return detail ? { key: detail.check, value: 'if-present' } : null;
    default:
      return null;
  }
}

/** What a waiver would have to lift for the same. */
export function liftableFor({ code, detail }: Reason): readonly Liftable[] {
  switch (code) {
    case 'INSTALL_SCRIPTS':
      return ['install-scripts'];
    case 'SDIST':
      return ['sdist'];
    case 'DIRECT_URL':
    case 'ALIAS_NOT_ADMITTED':
      return ['direct-urls'];
    case 'STARTUP_HOOK':
      return ['startup-hooks'];
    case 'FOREIGN_PLACE':
      return ['foreign-places'];
    case 'LICENCE':
      return ['licence'];
    case 'VULNERABLE':
      return ['vulnerability'];
    case 'BELOW_FLOOR':
      return ['floor'];
    case 'NEW_INSTALL_SCRIPT':
    case 'NEW_DEPENDENCY':
    case 'SDIST_INSTEAD':
      return ['changes'];
    default:
      return detail ? [detail.check] : [];
  }
}
