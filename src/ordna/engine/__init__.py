"""The only writer: receive, step, perform, timers, replay."""
