#!/usr/bin/env bash
# The lesson of examples/hitcounter with these handlers.
here=$(cd "$(dirname "$0")" && pwd)
exec bash "$here/../hitcounter/check.sh" "$here"
