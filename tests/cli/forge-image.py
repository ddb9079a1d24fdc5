# SPDX-License-Identifier: Apache-2.0
# An image made by hand, sound or with one fault: forge-image.py LAYOUT [FAULT]. Its tag is v1, and its
# layers lie on each other: the faulty one is the second.
import gzip
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import zlib

layout, fault = sys.argv[1], (sys.argv + [""])[2]
OCI = "application/vnd.oci.image."
TAR, GZIP, ZSTD = (OCI + "layer.v1.tar" + end for end in ("", "+gzip", "+zstd"))
os.makedirs(layout + "/blobs/sha256", exist_ok=True)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def put(data, media_type, name=None):
    name = name or digest(data)
    with open(f"{layout}/blobs/sha256/{name[7:]}", "wb") as f:
        f.write(data)
    return {"mediaType": media_type, "digest": name, "size": len(data)}


def entry(name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def bomb(size):
    """The beginning of a tar of one huge file, as gzip: 64 MiB are pressed once, and repeated."""
    info = tarfile.TarInfo("bomb")
    info.size = size
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(info.tobuf(tarfile.GNU_FORMAT)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = b"x" * (1 << 26)
    piece = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = piece.compress(block) + piece.flush(zlib.Z_FULL_FLUSH)
    return out + piece * (size // len(block))


words = b"".join(b"line %d\n" % (n * 7919 % 65521) for n in range(40000))
below = tar([entry("base/file", words), entry("base/dir", type=tarfile.DIRTYPE, mode=0o755)])
raw = tar([entry("app/file", words[::-1]), entry("app/which", fault.encode())])
kind, diff_id, blob = GZIP, None, None
if fault in ("lowest", "upon"):
    # its folder is told of by the layer below alone
    raw = tar([entry("app/file", b"x")])
    below = tar([entry("app", type=tarfile.DIRTYPE, mode=0o700)])
if fault == "bomb":
    blob, diff_id = bomb(1 << 30), digest(b"")
if fault == "files":
    raw = tar([entry(f"many/{n}") for n in range(20000)])
if fault == "big":
    raw = tar([entry("big", os.urandom(int(sys.argv[3])))])
if fault == "escape":
    raw = tar([entry("../../../outside", b"x"), entry("app/../../outside", b"x")])
if fault == "linked":
    raw = tar([entry("way", type=tarfile.SYMTYPE, linkname="/"), entry("way/outside", b"x"),
               entry("up", type=tarfile.SYMTYPE, linkname="../../../../.."), entry("up/outside", b"x")])
if fault == "hardlink":
    raw = tar([entry("shadow", type=tarfile.LNKTYPE, linkname="../../../../../etc/shadow")])
if fault == "cut-tar":
    raw = raw[:len(raw) // 2]
diff_id = diff_id or digest(raw)
if fault == "window":
    # 2 GiB, and else a frame without fault
    kind, blob = ZSTD, b"\x28\xb5\x2f\xfd\x00\xa8"
    for at in range(0, len(raw), 1 << 17):
        piece = raw[at:at + (1 << 17)]
        blob += struct.pack("<I", len(piece) << 3 | (at + len(piece) == len(raw)))[:3] + piece
if fault == "cut-zstd":
    kind, blob = ZSTD, subprocess.run(["zstd", "-q", "-c"], input=raw, stdout=subprocess.PIPE, check=True).stdout[:-900]
if fault == "tail":
    # behind the end of the tar stream, and larger than the disk: pressed once, told again and again
    raw += os.urandom(1 << 18) * 160
    diff_id = digest(raw)
    kind, blob = ZSTD, subprocess.run(["zstd", "-q", "-c"], input=raw, stdout=subprocess.PIPE, check=True).stdout
if fault == "nothing":
    blob = b""
blob = gzip.compress(raw, 6, mtime=0) if blob is None else blob
if fault == "cut-gzip":
    blob = blob[:-900]
if fault == "garbage":
    blob += b"garbage behind"
if fault == "diff-id":
    diff_id = digest(b"another")
layers = [put(gzip.compress(below, 6, mtime=0), GZIP), put(blob, kind)]
if fault == "digest":
    layers[1] = put(blob[:-1] + b"x", kind, digest(blob))
if fault == "size":
    layers[1]["size"] -= 1
if fault == "gone":
    os.unlink(f"{layout}/blobs/sha256/{layers[1]['digest'][7:]}")
if fault == "type":
    layers[1]["mediaType"] = "application/vnd.example.layer+xz"
diff_ids = [digest(below), diff_id]
if fault == "lowest":
    layers, diff_ids = layers[1:], diff_ids[1:]
if fault.isdigit():
    layers += [layers[1]] * (int(fault) - 2)
    diff_ids += [diff_ids[1]] * (int(fault) - 2)
if fault == "few-ids":
    diff_ids.pop()
if fault == "many-ids":
    diff_ids.append(diff_id)
config = {"os": "linux", "architecture": os.environ["ARCHITECTURE"],
          "rootfs": {"type": "layers", "diff_ids": diff_ids}}
manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": put(json.dumps(config).encode(), OCI + "config.v1+json"), "layers": layers}
named = put(json.dumps(manifest).encode(), manifest["mediaType"])
named["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
with open(layout + "/index.json", "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [named]}, f)
with open(layout + "/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
