/* Debian's Lua includes a header of this name for its search paths. */
#pragma once
#define DEB_HOST_MULTIARCH "wasm32-wasi"
