"use strict";

const H = require("./lheap.js");
const lobject = require("./lobject.js");

const luaH_next = function (L, table, keyI) {
  let entry = H.next(L, table, L.stack[keyI]);
  if (entry === undefined) return false;
  lobject.setobj2s(L, keyI, entry[0]);
  lobject.setobj2s(L, keyI + 1, entry[1]);
  return true;
};

module.exports.invalidateTMcache = (t) => H.setAbsent(t, 0);
module.exports.luaH_get = (L, t, key) => H.get(t, key);
module.exports.luaH_getint = H.getInt;
module.exports.luaH_getn = H.length;
module.exports.luaH_getstr = H.getStr;
module.exports.luaH_setfrom = H.set;
module.exports.luaH_setint = H.setInt;
module.exports.luaH_new = H.newTable;
module.exports.luaH_next = luaH_next;
