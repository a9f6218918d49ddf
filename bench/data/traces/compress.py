# compress.atrc.gz: each file of the standard library is packed by one of four methods and unpacked again.
import bz2, glob, gzip, io, lzma, os, sysconfig, tarfile, zlib, zipfile
files = sorted(glob.glob(os.path.join(sysconfig.get_paths()["stdlib"], "*.py")))[:170]
kept = []
for n, name in enumerate(files * 2):
    data = open(name, "rb").read()
    packer = (zlib.compress, gzip.compress, bz2.compress, lambda d: lzma.compress(d, preset=0))[n % 4]
    unpacker = (zlib.decompress, gzip.decompress, bz2.decompress, lzma.decompress)[n % 4]
    packed = packer(data)
    assert unpacker(packed) == data
    text = data.decode("utf8", "replace")
    lines = text.splitlines(keepends=True)
    stream = zlib.compressobj(6)
    parts = [stream.compress("".join(lines[at:at+200]).encode()) for at in range(0, len(lines), 200)]
    parts.append(stream.flush())
    kept.append(b"".join(parts))
    if len(kept) > 40: kept.pop(0)
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
    for name in files[:120]: z.write(name)
with zipfile.ZipFile(archive) as z:
    for name in z.namelist(): z.read(name)
print(len(kept))
