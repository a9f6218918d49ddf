"use strict";

/* The functions of store.ts, put here before any other module is loaded. */
module.exports = {};
