import { Spec, Validation } from '@cyclonedx/cyclonedx-library';

const strict = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

/** What CycloneDX's own validator has against a document; null for nothing. */
export async function cycloneDxProblem(text: string): Promise<unknown> {
  return strict.validate(text);
}
