# SPDX-License-Identifier: Apache-2.0
# A release made by hand, sound or with one fault that its signer may have put in: forge.py FOLDER,
# the fault in $FORGE. Frames are built block by block, so that they can claim what no encoder does.
import hashlib
import json
import os
import struct
import sys

CELL = 256 * 1024
BLOCK = 128 * 1024
fault = os.environ["FORGE"]
folder = sys.argv[1]


def blocks(raw, first=BLOCK):
    out = b""
    at, room = 0, first
    while at < len(raw):
        piece = raw[at:at + room]
        at, room = at + room, BLOCK
        out += struct.pack("<I", (at >= len(raw)) | len(piece) << 3)[:3] + piece
    return out


def frame(raw, descriptor=b"\xa0", size=True):
    claimed = struct.pack("<I", len(raw)) if size else b""
    return b"\x28\xb5\x2f\xfd" + descriptor + claimed + blocks(raw)


cells = [bytes([n + 1]) * CELL for n in range(3)]
frames = [frame(c) for c in cells]
lengths = None
flags = [1, 1, 1]
cell_bytes = CELL
raw_bytes = 3 * CELL
if fault == "window":
    frames[1] = frame(cells[1], b"\x80\xff")  # a window of 3.75 TiB
if fault == "unsized":
    frames[1] = frame(cells[1], b"\x00\x48", size=False)
if fault == "expand":
    frames[1] = frames[1][:9] + blocks(cells[1] * 4)
if fault == "garbage":
    frames[1] += b"more"
if fault == "recoded":
    frames = [f[:9] + blocks(c, 1000) for f, c in zip(frames, cells)]
lengths = [len(f) for f in frames]
if fault == "overlap":
    lengths = [lengths[0] + 8, lengths[1] - 8, lengths[2]]
if fault == "hole":
    lengths = [lengths[0] - 8, lengths[1] + 8, lengths[2]]
if fault == "outside":
    flags[2] = 0x80000002
if fault == "cells":
    cell_bytes = 3 << 16
if fault == "sums":
    raw_bytes += CELL
if fault == "zeros":
    flags[1] |= 0x80000000
hashes = [hashlib.sha256(c).digest() for c in cells]
if fault == "hash":
    hashes[1] = hashes[0]
if fault == "outside":
    hashes[2] = bytes(32)
if fault == "zeros":
    hashes[1] = bytes(32)

layer = b"".join(frames)
index = b"OTAINDEX" + struct.pack("<IIQQ", cell_bytes, 3, raw_bytes, len(layer))
for flag, length, digest in zip(flags, lengths, hashes):
    index += struct.pack("<II", flag, length) + digest

os.makedirs(folder + "/blobs/sha256")


def put(data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{folder}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


config = json.dumps({
    "version": "9.0", "compatible": "sandbox", "epoch": 9, "phase": 101 if fault == "phase" else 100,
    "images": [{"name": "rootfs", "size": 3 * CELL,
                "sha256": hashlib.sha256(b"".join(cells)).hexdigest()}],
}).encode()
manifest = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "artifactType": "application/vnd.ota.os.v1",
    "config": put(config, "application/vnd.ota.os.config.v1+json"),
    "layers": [put(layer, "application/vnd.ota.image.v1+zstd"),
               put(index, "application/vnd.ota.index.v1")],
}).encode()
entry = put(manifest, "application/vnd.oci.image.manifest.v1+json")
if fault == "recoded":  # the same cells in as many bytes, but not in the bytes that are named
    with open(f"{folder}/blobs/sha256/{hashlib.sha256(layer).hexdigest()}", "wb") as f:
        f.write(b"".join(g[:9] + blocks(c, 2000) for g, c in zip(frames, cells)))
entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
with open(folder + "/index.json", "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [entry]}, f)
with open(folder + "/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
