# Makes or updates the Python environment of this checkout; with `lock`, the lock files. Run from the checkout's root.
#
# Finds a Python that is new enough and leaves the rest to environment.py, which needs nothing but that Python.
set -eu

: "${PYTHON:=}"
for candidate in ${PYTHON:+"$PYTHON"} python3 python python3.14 python3.13 python3.12 python3.11; do
    # A name can be a version manager's shim that fails when it is run, so each candidate is run.
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$candidate" bootstrap/environment.py "$@"
    fi
done
echo "tunestack needs Python 3.11 or newer; tried \$PYTHON, python3, python and python3.11 to python3.14 on PATH." >&2
echo "Install one, or name it: make PYTHON=/path/to/python3 …" >&2
exit 1
