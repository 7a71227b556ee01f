"""Tells by its exit code whether a libclang can be loaded and finds the C headers that come with a compiler.

usage: libclang_reads_c.py LIBRARY [CLANG-ARGUMENT…]

bindgen does the same with it. A libclang without its headers is common: the one on PyPI has none.
"""

import ctypes
import sys

SOURCE = b"#include <stddef.h>\n#include <stdarg.h>\n#include <stdbool.h>\n#include <stdint.h>\nsize_t probe;\n"


class UnsavedFile(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("text", ctypes.c_char_p), ("length", ctypes.c_ulong)]


def reads_c(library, arguments):
    try:
        clang = ctypes.CDLL(library)
    except OSError:
        return False
    clang.clang_createIndex.restype = ctypes.c_void_p
    parse = clang.clang_parseTranslationUnit
    parse.restype = ctypes.c_void_p
    parse.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int,
                      ctypes.POINTER(UnsavedFile), ctypes.c_uint, ctypes.c_uint]
    clang.clang_getNumDiagnostics.argtypes = [ctypes.c_void_p]
    source = UnsavedFile(b"probe.c", SOURCE, len(SOURCE))
    argv = (ctypes.c_char_p * len(arguments))(*(argument.encode() for argument in arguments))
    unit = parse(clang.clang_createIndex(0, 0), b"probe.c", argv, len(arguments), ctypes.byref(source), 1, 0)
    return bool(unit) and clang.clang_getNumDiagnostics(unit) == 0


if __name__ == "__main__":
    sys.exit(0 if reads_c(sys.argv[1], sys.argv[2:]) else 1)
