package postgres

import _ "github.com/jackc/pgx/v5/stdlib" // until the store is here
