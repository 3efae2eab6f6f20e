import type { Layer, Report } from './layer.ts';
import { nearest, quoted } from './words.ts';

/** The layers of each profile, the uppermost first, itself last. */
export type Layering = ReadonlyMap<string, readonly Layer[]>;

/**
 * Flattens `extends`: a profile's layers are those of the profiles that it names, in that order, each once, then
 * itself. A profile that is not known, a cycle, and two profiles that contradict each other on which of two layers
 * is the upper one are problems: what a lock means depends on the order.
 */
export function flattened(layers: ReadonlyMap<string, Layer>, report: Report): Layering {
  const done = new Map<string, readonly Layer[]>();
  const open: string[] = [];

  const flatten = (layer: Layer): readonly Layer[] => {
    const before = done.get(layer.name);
    if (before) return before;
    open.push(layer.name);
    const found = new Set<Layer>();
    for (const { value, spot } of layer.extends) {
      const upper = layers.get(value);
      const position = spot.file.at(spot.path);
      if (!upper) {
        const near = nearest(value, layers.keys());
        const meant = near === null ? '' : `; did you mean "${near}"?`;
        report(spot.file, position, `there is no profile ${quoted(value)}${meant}`);
      } else if (open.includes(value)) {
        const cycle = [...open.slice(open.indexOf(value)), value].join(' → ');
        report(spot.file, position, `extends itself: ${cycle}`);
      } else {
        for (const above of flatten(upper)) found.add(above);
      }
    }
    open.pop();
    found.delete(layer);
    const result = [...found, layer];
    done.set(layer.name, result);
    checkOrder(layer, result, done, report);
    return result;
  };

  for (const layer of layers.values()) flatten(layer);
  return done;
}

/** What is above in one profile is above in every profile that extends it. */
function checkOrder(layer: Layer, result: readonly Layer[], done: Layering, report: Report): void {
  const at = new Map(result.map((one, i) => [one, i]));
  for (const { value, spot } of layer.extends) {
    const own = done.get(value) ?? [];
    let last: Layer | null = null;
    for (const one of own) {
      if (last !== null && (at.get(one) ?? 0) < (at.get(last) ?? 0)) {
        report(
          spot.file,
          spot.file.at(spot.path),
          `here ${one.name} is above ${last.name}, and in ${value} it is below: name ${value} earlier, or leave ${one.name} out`,
        );
        return;
      }
      last = one;
    }
  }
}
