import cvss from 'ae-cvss-calculator';
import { SEVERITIES, type Severity } from '../model/advisory.ts';
import { isObject, listIn } from './json.ts';

/** The words that databases use, in any case. GitHub says moderate, others medium. */
const WORDS: Readonly<Record<string, Severity>> = {
  low: 'low',
  moderate: 'moderate',
  medium: 'moderate',
  high: 'high',
  critical: 'critical',
};

const VECTOR =
  /^(?:CVSS:(?:3\.[01]|4\.0)\/)?[A-Za-z]{1,4}:[A-Za-z]{1,6}(?:\/[A-Za-z]{1,4}:[A-Za-z]{1,6}){0,60}$/;

/**
 * How severe a record is: by the word of its database, else by the worst of its CVSS vectors that can be read. null
 * where it does not say.
 */
export function severityOf(holder: Readonly<Record<string, unknown>>): Severity | null {
  const specific = holder['database_specific'];
  const word = isObject(specific) ? specific['severity'] : null;
  const known = typeof word === 'string' ? WORDS[word.trim().toLowerCase()] : undefined;
  return known ?? worst(listIn(holder, 'severity').map(ofVector));
}

/** The worst of those that are known; null where none is. */
export function worst(severities: Iterable<Severity | null>): Severity | null {
  let found: Severity | null = null;
  for (const one of severities) {
    if (one !== null && (found === null || SEVERITIES.indexOf(one) > SEVERITIES.indexOf(found))) found = one;
  }
  return found;
}

/** One of OSV's `severity[]`. What is no CVSS vector with all base metrics says nothing. */
function ofVector(entry: unknown): Severity | null {
  if (!isObject(entry)) return null;
  const { type, score } = entry;
  if (typeof score !== 'string' || !VECTOR.test(score)) return null;
  try {
    switch (type) {
      case 'CVSS_V2':
        return rated(new cvss.Cvss2(score), TWO);
      case 'CVSS_V3':
        return rated(
          score.startsWith('CVSS:3.0/') ? new cvss.Cvss3P0(score) : new cvss.Cvss3P1(score),
          THREE,
        );
      case 'CVSS_V4':
        return rated(new cvss.Cvss4P0(score), THREE);
      default:
        return null;
    }
  } catch {
    // The library throws on what is no vector: then it says nothing, and what says nothing is taken for the worst.
    return null;
  }
}

/** From which score on, the worst first. CVSS 3.1 section 5 and 4.0 section 6; none (0.0) is told as low. */
const THREE: readonly (readonly [number, Severity])[] = [
  [9, 'critical'],
  [7, 'high'],
  [4, 'moderate'],
  [0, 'low'],
];
/** CVSS 2 has no scale of its own; this is the one that the NVD rates by. */
const TWO = THREE.slice(1);

interface Vector {
  isBaseFullyDefined(): boolean;
  calculateScores(): {
    readonly overall: number;
    readonly base?: number | undefined;
    readonly baseMetricsOnly?: number | undefined;
  };
}

/** By the base metrics: what else a vector says of threats or of somebody's environment lowers nothing here. */
function rated(vector: Vector, scale: typeof THREE): Severity | null {
  if (!vector.isBaseFullyDefined()) return null;
  const { overall, base, baseMetricsOnly } = vector.calculateScores();
  const score = baseMetricsOnly ?? base ?? overall;
  return scale.find(([from]) => score >= from)?.[1] ?? null;
}
