"""Every error's template, marked for translation. Written by tools/collect_errors.py."""

# ruff: noqa: E501

from django.utils.translation import gettext_noop

TEMPLATES = [
    gettext_noop("%(day)s is past. A plan takes force today (%(today)s) or later."),
    gettext_noop(
        "%(division)s has %(households)s households but no residential building. Check the kinds of its buildings, or give its total to a division that has some."
    ),
    gettext_noop("%(field)s has %(length)s signs, more than the %(most)s taken. Shorten it."),
    gettext_noop("%(field)s is %(value)s. %(mend)s"),
    gettext_noop("%(field)s is %(value)s: %(mend)s"),
    gettext_noop("%(field)s is not stated. %(mend)s"),
    gettext_noop("%(file)s does not exist. Check the path."),
    gettext_noop("%(file)s has %(count)s faults, so nothing was loaded.\n%(listing)s"),
    gettext_noop(
        "%(file)s has %(megabytes)s MB, more than the %(limit)s MB taken here. Cut it to one district, or have the operator raise QUANYU_UPLOAD_LIMIT_MB."
    ),
    gettext_noop("%(file)s has no column %(column)s; it has: %(value)s. Name the columns in the first row."),
    gettext_noop(
        "%(file)s has no layer %(layer)s. It has: %(known)s. Name the layer that holds it (--map %(layer)s=NAME)."
    ),
    gettext_noop("%(file)s is empty (%(size)s bytes). Export it again."),
    gettext_noop(
        "%(file)s is no file of a form taken here, or it was cut off on the way. Taken are: %(forms)s. Export or copy it again."
    ),
    gettext_noop(
        "%(file)s is no locator file that can be opened: %(reason)s. Build the locator again and save it there."
    ),
    gettext_noop("%(file)s is not unpacked: %(member)s is encrypted. Zip it without a password."),
    gettext_noop(
        "%(file)s is not unpacked: %(member)s points outside the archive or is a link. Zip the files of the layers themselves, and nothing else."
    ),
    gettext_noop(
        "%(file)s is not unpacked: %(member)s would unpack to %(megabytes)s MB, %(ratio)s times its size; taken are up to %(limit)s MB and %(most)s times. Hand in the file unpacked, or cut it to one district."
    ),
    gettext_noop(
        "%(file)s is not unpacked: it has %(count)s members, more than %(most)s. Zip only the files of the layers."
    ),
    gettext_noop(
        "%(file)s is stated as of %(day)s, but %(value)s, which it ends, began on %(began)s. State a later day (--as-of)."
    ),
    gettext_noop("%(file)s says no coordinate system, other files do. Give it the one that it is in."),
    gettext_noop(
        "%(file)s was built from other polygons (key %(value)s, expected %(expected)s). Build the locator again from today's polygons."
    ),
    gettext_noop(
        "%(file)s, %(layer)s has no column %(column)s. It has: %(known)s. Name the column by one of %(names)s, or map it."
    ),
    gettext_noop("%(file)s, %(layer)s has no rows. Export it with its content."),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(territory)s has no building with the key %(value)s. Write the key of the city file."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(territory)s has no division %(value)s. Write its 12-digit code, or load the division first."
    ),
    gettext_noop("%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is below 0. Give 0 or more."),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is more than %(most)s. Check the cell, and that it is the right column."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is no number. Write digits alone, such as %(suggestion)s."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: %(value)s is no whole number. Write digits alone, such as %(suggestion)s."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s, column %(column)s: the name %(value)s occurs %(count)s times: %(known)s. Write the code instead."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s: %(column)s %(value)s stands in row %(first)s already. Drop one of the rows, or give each its own."
    ),
    gettext_noop(
        "%(file)s, %(layer)s, row %(row)s: column %(column)s has %(length)s signs, more than the %(most)s taken: %(value)s … Shorten it."
    ),
    gettext_noop("%(file)s, %(layer)s, row %(row)s: column %(column)s is empty. Fill it in, or drop the row."),
    gettext_noop("%(file)s, layer %(layer)s breaks off before its end. Export or copy the file again."),
    gettext_noop(
        "%(file)s, layer %(layer)s declares %(declared)s, but %(value)s was stated. State %(declared)s, or mend the file."
    ),
    gettext_noop(
        "%(file)s, layer %(layer)s, row %(row)s has no geometry (%(count)s such rows). Draw it, or drop the row."
    ),
    gettext_noop(
        "%(file)s, layer %(layer)s, row %(row)s is a %(value)s, expected a %(expected)s (%(count)s such rows). Name the layer that holds them, or drop these rows."
    ),
    gettext_noop(
        "%(file)s, layer %(layer)s, row %(row)s lies off the earth when read as %(value)s (%(count)s such rows). State the coordinate system it was made in."
    ),
    gettext_noop(
        "%(file)s, layer %(layer)s, row %(row)s: a coordinate is not a number (%(count)s such rows). Correct it, or drop the row."
    ),
    gettext_noop(
        "%(file)s, layer %(layer)s: %(count)s of %(total)s buildings lie outside every division of %(territory)s; the first are rows %(rows)s, row %(row)s at %(lon)s, %(lat)s. Check the coordinate system (stated: %(system)s) and the borders, or leave them out (--leave-out)."
    ),
    gettext_noop("%(file)s, row %(row)s, column %(column)s holds %(value)r, expected %(expected)s. Correct the cell."),
    gettext_noop(
        "%(file)s, row %(row)s, column %(column)s: %(value)s has %(length)s signs, expected 12 digits. Fill a shorter code up with zeros; in a spreadsheet, make the column text first."
    ),
    gettext_noop(
        "%(file)s, row %(row)s, column %(column)s: %(value)s is no division code. Write 12 digits that begin with the two of a province."
    ),
    gettext_noop("%(file)s, row %(row)s, column %(column)s: %(value)s is none of %(known)s. Write one of them."),
    gettext_noop(
        "%(file)s, row %(row)s: %(code)s is a %(expected)s by its zeros, but column %(column)s says %(value)s. Correct the code or the level."
    ),
    gettext_noop(
        "%(file)s, row %(row)s: %(code)s is a %(level)s, and its parent %(value)s is a %(parent_level)s. Its code says %(expected)s: correct column %(column)s."
    ),
    gettext_noop("%(file)s, row %(row)s: %(value)s. Expected is %(expected)s."),
    gettext_noop("%(file)s, row %(row)s: code %(value)s stands in row %(first)s already. Drop one of the two."),
    gettext_noop(
        "%(file)s, row %(row)s: the parent %(value)s of %(code)s is neither in the file nor loaded. Add its row, or load the list that has it first."
    ),
    gettext_noop("%(file)s: %(detail)s. Give a .npz file with weights, indptr, indices and edge_length."),
    gettext_noop(
        "%(grids)s basic grids cannot be: borders and barriers part the inhabited ground into %(least)s pieces, with %(most)s inhabited buildings. Ask for %(least)s to %(most)s grids, or for no number."
    ),
    gettext_noop("%(name)s has row %(row)s with column %(column)s twice. Keep one of them."),
    gettext_noop("%(name)s has shape %(got)s, expected %(expected)s. Check that every array describes the same rows."),
    gettext_noop("%(name)s holds %(got)s, expected %(expected)s."),
    gettext_noop("%(name)s is %(value)s; allowed is %(allowed)s."),
    gettext_noop("%(name)s is empty. Give at least one row."),
    gettext_noop(
        "%(name)s[%(row)s] has the coordinate %(value)s; allowed is up to %(most)s. Check the coordinate system."
    ),
    gettext_noop("%(name)s[%(row)s] is %(got)s. Give a polygon or multipolygon, or leave the row out."),
    gettext_noop("%(name)s[%(row)s] is %(value)s. Give a finite number, or leave the row out."),
    gettext_noop("%(name)s[%(row)s] is %(value)s; allowed is %(allowed)s."),
    gettext_noop(
        "%(name)s[%(row)s] is no valid polygon: %(reason)s. Mend its border there, for example with “fix geometries”."
    ),
    gettext_noop("%(network)s has no grid %(value)s. Check the code."),
    gettext_noop("%(plan)s has no edit to take back."),
    gettext_noop("%(plan)s has no grid in %(value)s. Choose a community of the plan's territory."),
    gettext_noop("%(plan)s is or was in force and cannot be changed. Draw a new plan."),
    gettext_noop("%(plan)s takes force on %(from)s. Choose a later day."),
    gettext_noop(
        "%(plan)s was drawn against %(drawn_against)s, but %(in_force)s is in force. Draw it again, so that its codes and its impact are counted against the grids of today."
    ),
    gettext_noop("%(plan)s was drawn or edited by you; another person reviews it."),
    gettext_noop("%(plan)s was not drawn from departments' grids. Draw a proposal on the page of their fusion."),
    gettext_noop("%(run)s has ended: there is nothing to cancel."),
    gettext_noop("%(run)s is waiting, running or done; only a failed or cancelled run starts again."),
    gettext_noop("%(subject)s is %(state)s and cannot become %(wanted)s; from here it can become: %(possible)s."),
    gettext_noop(
        "%(tasks)s tasks at a price of %(value)s each for leaving one out come to more than %(most)s. Give costs in a coarser unit, or a lower price."
    ),
    gettext_noop("%(territory)s has no buildings yet. Load its city file first (quanyu load city)."),
    gettext_noop("%(value)s cannot name a network: use 1 to 30 lower-case letters, digits and hyphens."),
    gettext_noop("%(value)s grids less and more cannot be compared at once. Give a number from 1 to %(most)s."),
    gettext_noop("%(value)s is no day. Give it as year, month and day, such as 2027-01-01."),
    gettext_noop("%(value)s is no division code. Give 12 digits; a shorter official code is filled up with zeros."),
    gettext_noop("%(value)s is no export format. Known are: %(known)s."),
    gettext_noop(
        "%(value)s is no known coordinate system. State one of: WGS84, CGCS2000, GCJ-02, BD-09, or an EPSG code such as EPSG:4547."
    ),
    gettext_noop("%(value)s is no mapping. Write LAYER=NAME or LAYER.COLUMN=NAME; known are: %(known)s."),
    gettext_noop(
        "%(value)s needs grid number %(number)s, and the pattern of grid codes, %(pattern)s, ends at %(most)s. Load the divisions below it, so that grids are numbered in each, or have the operator widen QUANYU_GRID_CODE_PATTERN."
    ),
    gettext_noop("%(wanted)s needs %(name)s. Give it, or ask for something else."),
    gettext_noop("A barrier lies between the place and grid %(to)s. Choose a grid on this side, or allow crossings."),
    gettext_noop("A run of %(network)s is waiting or running. Wait for it, or cancel it first."),
    gettext_noop(
        "Grid %(from)s keeps the code of a grid in force and would have no more than half of its households left: a code is not given to another extent."
    ),
    gettext_noop("Grid %(to)s is an exclusive grid for places of another kind."),
    gettext_noop("Grid %(to)s lies in another village or community: no grid crosses that border."),
    gettext_noop("Grid %(value)s has ended. Its places are now in: %(replaced_by)s."),
    gettext_noop("No %(what)s %(key)s. %(mend)s"),
    gettext_noop(
        "No plan is in force, so no household can move. Put a plan in force first, or compare numbers of grids."
    ),
    gettext_noop(
        "Nothing says how many sites are wanted, or two things do. Give either p (a number of sites) or a budget."
    ),
    gettext_noop("Only these roles may %(act)s: %(roles)s. Ask an administrator for one of them."),
    gettext_noop("The account cannot be taken so. %(detail)s"),
    gettext_noop("The buildings of %(territory)s were loaded anew after %(plan)s was drawn. Draw the plan again."),
    gettext_noop("The grid code %(value)s has more than %(limit)s signs. Choose a shorter pattern."),
    gettext_noop("The layer has no polygon %(row)s to redraw; it has 0 to %(most)s."),
    gettext_noop("The password cannot be taken. %(detail)s"),
    gettext_noop(
        "The pattern of grid codes is %(value)s. Give {division} and {number} once each: {division}{number:03d}."
    ),
    gettext_noop("The place does not touch grid %(to)s. Choose a grid that lies beside it."),
    gettext_noop(
        "The range is %(lower)s to %(upper)s. Give a lower limit of 0 or more that is not above the upper one."
    ),
    gettext_noop("There is a network %(value)s already. Choose another code."),
    gettext_noop("There is no %(what)s %(value)s. %(mend)s"),
    gettext_noop("What is to be changed has %(length)s characters. Say it in 1 to %(most)s."),
    gettext_noop(
        "Without the place, grid %(from)s would be left without households. Draw the plan again to have fewer."
    ),
    gettext_noop("Without the place, grid %(from)s would fall into pieces. Move the places beyond it first."),
    gettext_noop(
        "Without the place, the exclusive grid %(from)s would be smaller than the %(minimum)s m² of the norm."
    ),
    gettext_noop(
        "adjacency[%(row)s, %(column)s] differs from adjacency[%(column)s, %(row)s]. Store each shared border twice with one length."
    ),
]
