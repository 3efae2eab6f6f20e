/** The comment by which editors find the schema of a policy file. `path` is relative to the allowlists folder, with `/`. */
export function schemaLine(path: string): string {
  return `# yaml-language-server: $schema=${'../'.repeat(path.split('/').length - 1)}policy.schema.json`;
}
