"""Migrations tried on a scratch database, without a trace anywhere else."""
