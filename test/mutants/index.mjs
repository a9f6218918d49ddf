/**
 * Faults that `npm run test:mutants` seeds in the sources of the core, one at a time, to see which test finds each.
 * `before` stands in `file` exactly once.
 *
 * @typedef {object} Mutant
 * @property {string} name what is wrong with it
 * @property {string} file below assembly/
 * @property {string} before
 * @property {string} after
 * @property {string[]} tests files or folders that are expected to find it; all others are tried if they do not
 * @property {string[]} [cores] builds to compile, release and debug if it does not say
 * @property {string} [survives] why no test can tell: it changes nothing that is promised
 */
import { alloc } from "./alloc.mjs";
import { gc } from "./gc.mjs";
import { object } from "./object.mjs";
import { debug, rt } from "./rest.mjs";

/** @type {Mutant[]} */
export const mutants = [...alloc, ...object, ...gc, ...debug, ...rt];
