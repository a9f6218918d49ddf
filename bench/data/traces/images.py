# images.atrc.gz: decodes, scales, filters and encodes pictures of noise, of many sizes (Pillow).
import io, random
from PIL import Image, ImageFilter, ImageEnhance
random.seed(7)
store = []
for n in range(60):
    w, h = random.choice([(320,240),(640,480),(800,600),(1024,768),(200,300)])
    base = Image.effect_noise((w//8, h//8), 60).resize((w, h), Image.BICUBIC)
    rgb = Image.merge("RGB", (base, base.rotate(90).resize((w,h)), base.transpose(Image.FLIP_LEFT_RIGHT)))
    out = io.BytesIO()
    rgb.save(out, random.choice(["JPEG", "PNG", "JPEG", "WEBP"]))
    store.append(out.getvalue())
kept = {}
for round in range(3):
    for n, data in enumerate(store):
        image = Image.open(io.BytesIO(data)); image.load()
        for size in (512, 256, 128, 64, 32):
            thumb = image.copy(); thumb.thumbnail((size, size), Image.LANCZOS)
            thumb = thumb.filter(ImageFilter.UnsharpMask(2, 120))
            out = io.BytesIO(); thumb.save(out, "JPEG" if size > 100 else "PNG", quality=80)
            kept[n, size] = out.getvalue()
        tiles = [image.crop((x, y, x+64, y+64)) for x in range(0, image.width-64, 64) for y in range(0, image.height-64, 64)]
        best = max(tiles, key=lambda t: sum(t.convert("L").histogram()[:64]))
        ImageEnhance.Contrast(best).enhance(1.5)
print(len(kept))
