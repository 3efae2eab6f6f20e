/**
 * The version of the decision code. It is in every entry and every cache key: raise it when the same facts
 * could be decided differently, or when the same listing would be written differently.
 */
export const ENGINE = '7';
