#!/bin/sh
# `docker run <image> --eval …` and `… file.js` run Node; a program's name runs that program.
set -e
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null 2>&1 || { [ -f "$1" ] && [ ! -x "$1" ]; }; then
  set -- node "$@"
fi
exec "$@"
