package sqlite

import _ "modernc.org/sqlite" // registers the driver "sqlite"
