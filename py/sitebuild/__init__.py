"""Everything between a fresh clone and a served page: the set-up steps, the static site, the server.

Standard library only, since it runs before anything is installed. `sample.py` and `pen.py` are the exception: they draw
the sample picture with Pillow and are run by the set-up in `.venv`.
"""
