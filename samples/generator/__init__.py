"""Makes photographs of invented medical papers, and says what is true of each.

`case` invents what happened, `papers` lists who draws which paper of it onto a `sheet`, `camera` lays the sheet on a table and photographs it,
`phones` and `exif` write the file, `truth` says what is true, `picture` does all that for one `Spec`, and `sets` decides which specs make a set.
"""
