"""Backups: everything the database holds, sealed, in a folder; and back again.

A backup is a folder with two files: `data.sealed`, which nobody reads without the key, and `manifest.json`, which says
what it is. The key is derived from a master key of ORDNA_KEY and is not in the folder.

    sealed     the file's form: frames, each compressed and encrypted, in an order that can't be changed
    manifest   what a backup is: of what, when, by which schema, with how many rows, under which key
    programs   PostgreSQL's own programs that copy a server or a database, and which of them fit
    errors     what can be wrong, in sentences

There are two forms. A *copy of the server* (pg_basebackup) is what the embedded server gets: its restore writes files
and builds no index, so it is as fast as the disk. A *dump* (pg_dump) fits any server, and moves an embedded database to
a server of one's own. docs/adr/0030-two-forms-of-backup.md says why.
"""
