"""The run's process: imports workflows, runs one of them, reports. Private to the programs beside `bifrost`."""
