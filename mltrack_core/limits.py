"""Every bound that the protocol and the client keep, with its reason."""

from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30

# ---- the spool ----

SEGMENT_BYTES_MAX: Final = 64 * MIB  # rotated beyond it: small enough to reread after a crash
PAYLOAD_BYTES_MAX: Final = 16 * MIB  # one record; larger things are files, referred to by hash
RING_BYTES_MAX: Final = 1 * MIB  # newest records kept in memory while the disk refuses writes
SPOOL_BYTES_MAX: Final = 10 * GIB  # of runs that wait for a server; others have the disk's room
RETAIN_BYTES_MAX: Final = 1 * GIB  # delivered segments kept, so that a restored server can refill
RETAIN_S: Final = 24 * 3600.0  # … and for how long

# Free space that is left to others: 2 % of the file system, but no more than 1 GiB of a large one.
FREE_FRACTION_MIN: Final = 0.02
FREE_BYTES_MIN: Final = 1 * GIB

# ---- names and values ----

NAME_CHARACTERS_MAX: Final = 1024  # a metric's or parameter's name
PROJECT_CHARACTERS_MAX: Final = 128
RUN_NAME_CHARACTERS_MAX: Final = 256
TAGS_MAX: Final = 100
METRIC_NAMES_MAX: Final = 1_000_000  # distinct names in one run; later ones are counted as dropped
PARAM_BYTES_MAX: Final = 64 * 1024  # one parameter's value as JSON; longer text is cut, and says so
PARAM_DEPTH_MAX: Final = 16  # levels of nested parameters
TRACEBACK_BYTES_MAX: Final = 64 * 1024
CONSOLE_LINE_BYTES_MAX: Final = 64 * 1024  # a longer line is recorded in pieces
DIFF_BYTES_MAX: Final = 1 * MIB  # an uncommitted change, where recording it is asked for

# ---- checkpoints and files ----

CHECKPOINT_FILES_MAX: Final = 10_000  # a folder with more is a place with a checkpoint somewhere
CHECKPOINT_COPY_BYTES_MAX: Final = 4 * GIB  # copied while the training waits, where it must be
CHECKPOINT_HASH_BYTES_MAX: Final = 64 * GIB  # read by the agent only to be hashed
FILE_KIND_CHARACTERS_MAX: Final = 64  # of the word for what a file is; longer ones are cut
BLOB_BYTES_MAX: Final = 8 * MIB  # one piece of a stored file, so one upload

# ---- media ----

MEDIA_BYTES_MAX: Final = BLOB_BYTES_MAX  # of one image, sound or table: it is one blob
MEDIA_INLINE_BYTES_MAX: Final = 16 * 1024  # smaller ones are in the record itself
MEDIA_PIXEL_BYTES_MAX: Final = 64 * MIB  # of an image before it is compressed
MEDIA_ITEMS_MAX: Final = 256  # of one name in one call
MEDIA_BOXES_MAX: Final = 1000  # in one image
MEDIA_MASKS_MAX: Final = 16  # of one image
MEDIA_CAPTION_CHARACTERS_MAX: Final = 1000  # longer ones are cut, and so are labels
TEXT_BYTES_MAX: Final = 1 * MIB  # longer text is cut, and says so
TABLE_ROWS_MAX: Final = 100_000
TABLE_COLUMNS_MAX: Final = 1000
CONFUSION_CLASSES_MAX: Final = 10_000
CONFUSION_CELLS_MAX: Final = 1_000_000  # that are not zero: a thousand classes, all confused
CURVES_MAX: Final = 1000  # classes in one chart of curves
CURVE_POINTS_MAX: Final = 1000  # of one curve; it is within 0.2 % of all its thresholds
CURVE_POINTS_TOTAL_MAX: Final = 100_000  # of many curves in one chart, which share them

# ---- time ----

EXIT_S_MAX: Final = 2.0  # what mltrack may add to the end of a training process, at most
SILENT_S: Final = 60.0  # a run that nothing was heard of for so long is shown as silent
DEVICE_INTERVAL_S: Final = 5.0  # between two samples of device use
DURABLE_INTERVAL_S: Final = 2.0  # between two fdatasyncs of a segment that has grown
IDLE_EXIT_S: Final = 60.0  # an agent with nothing left to do leaves after so long

# ---- the wire ----

BATCH_BYTES_MAX: Final = 4 * MIB  # frames in one ingest request, before compression
RETRY_S_MIN: Final = 0.5
RETRY_S_MAX: Final = 60.0
