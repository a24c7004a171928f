"""Snakemake's `--logger mope`: one line for each finished job, and the progress bars of the running ones below.

Snakemake finds logger plugins by the name of this package and takes `LogHandler` from it.
"""

from snakemake_logger_plugin_mope.handler import LogHandler

__all__ = ["LogHandler"]
