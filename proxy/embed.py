#!/usr/bin/env python3
"""Writes a file as a C array: embed.py FILE NAME OUT."""
import sys

source, name, out = sys.argv[1:]
data = open(source, "rb").read() + b"\0"
rows = (data[i:i + 20] for i in range(0, len(data), 20))
with open(out, "w", encoding="ascii") as f:
    f.write(f"static const char {name}[] = {{\n")
    f.writelines("    " + " ".join(f"{b}," for b in row) + "\n" for row in rows)
    f.write("};\n")
