"""Random changes of a batch of images, as a function of one seed per batch: the same seed gives the same pixels.

All geometric changes of an image are one projective transform, so a pixel is interpolated once.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from aimodels.config.augmentation import ImageAugmentation


@dataclass(frozen=True)
class _Draw:
    """Random numbers of a batch, a new stream each time."""

    seed: Any
    count: Any

    def uniform(self, stream: int, low: float, high: float) -> Any:
        """One number per image, [batch], float32."""
        seed = tf.random.experimental.stateless_fold_in(self.seed, stream)
        return tf.random.stateless_uniform([self.count], seed=seed, minval=low, maxval=high)

    def coin(self, stream: int) -> Any:
        """+1 or -1 per image."""
        return tf.where(self.uniform(stream, 0.0, 1.0) < 0.5, -1.0, 1.0)


def augmented(images: Any, options: ImageAugmentation, *, seed: Any) -> Any:
    """Change uint8 images [batch, height, width, channels]; empty areas are filled with the nearest pixel's colour.

    `seed` is an int32 or int64 tensor of shape [2].
    """
    draw = _Draw(seed=seed, count=tf.shape(images)[0])
    changed = tf.cast(images, tf.float32)
    if _moves(options):
        changed = _transform(changed, _matrices(options, draw=draw, shape=tf.shape(images)))
    if options.contrast:
        mean = tf.reduce_mean(changed, axis=[1, 2], keepdims=True)
        factor = draw.uniform(8, 1.0 - options.contrast, 1.0 + options.contrast)[:, None, None, None]
        changed = mean + (changed - mean) * factor
    if options.brightness:
        changed += 255.0 * draw.uniform(9, -options.brightness, options.brightness)[:, None, None, None]
    rounded = tf.cast(tf.clip_by_value(tf.round(changed), 0.0, 255.0), images.dtype)
    # The transform forgets the size.
    return tf.ensure_shape(rounded, images.shape)


def _moves(options: ImageAugmentation) -> bool:
    sizes = (options.rotate, options.shift, options.zoom, options.shear, options.crop)
    return any(sizes) or options.flip != "none"


def _matrices(options: ImageAugmentation, *, draw: _Draw, shape: Any) -> Any:
    """Where each output pixel is taken from: [batch, 8], the rows of a 3 x 3 matrix without its last 1."""
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    angle = 2.0 * 3.141592653589793 * draw.uniform(0, -options.rotate, options.rotate)
    kept = 1.0 - draw.uniform(1, 0.0, options.crop)
    scale_y = kept / (1.0 + draw.uniform(2, -options.zoom, options.zoom))
    scale_x = scale_y
    if options.flip in ("horizontal", "both"):
        scale_x *= draw.coin(3)
    if options.flip in ("vertical", "both"):
        scale_y *= draw.coin(4)
    slant = draw.uniform(5, -options.shear, options.shear)
    # A crop may lie anywhere inside; a shift may leave the image.
    roam = (1.0 - kept) / 2.0
    shift_y = height * (draw.uniform(6, -1.0, 1.0) * roam + draw.uniform(10, -options.shift, options.shift))
    shift_x = width * (draw.uniform(7, -1.0, 1.0) * roam + draw.uniform(11, -options.shift, options.shift))
    xx, xy = tf.cos(angle) * scale_x, (-tf.sin(angle) + slant) * scale_y
    yx, yy = tf.sin(angle) * scale_x, tf.cos(angle) * scale_y
    middle_y, middle_x = (height - 1.0) / 2.0, (width - 1.0) / 2.0
    x0 = middle_x - xx * middle_x - xy * middle_y + shift_x
    y0 = middle_y - yx * middle_x - yy * middle_y + shift_y
    zero = tf.zeros_like(angle)
    return tf.stack([xx, xy, x0, yx, yy, y0, zero, zero], axis=1)


def _transform(images: Any, matrices: Any) -> Any:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=matrices,
        output_shape=tf.shape(images)[1:3],
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )
