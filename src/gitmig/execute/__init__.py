"""Running work on a database: plans, scripts, reverts with their repair; and building a set in a scratch database."""
