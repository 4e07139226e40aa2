#!/usr/bin/env python3
"""Compares the verdicts of two proofs: every check of every known program of every lab.

cargo grader verify --fresh --json >after.json; grader/compare/compare.py before.json after.json

before.json is what commit e3fe516 gives, with the verdicts alone, under older field names (`subjects`, `found`).
Exits with 1 if anything differs.
"""

import json
import sys


def verdicts(path):
    found = {}
    for proof in json.load(open(path))["proofs"]:
        for program in proof.get("programs", proof.get("subjects")):
            for check, verdict in program.get("finding", program.get("found"))["verdicts"].items():
                found[f"{proof['lab']:02}", program["name"], check] = verdict
    return found


before, after = (verdicts(path) for path in sys.argv[1:3])
differ = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
for key in differ:
    print(" ".join(key), before.get(key), "->", after.get(key))
print(f"{len(before)} verdicts before, {len(after)} after, {len(differ)} differ")
sys.exit(bool(differ))
