package expr

import _ "cel.dev/cel-go/cel" // until programs run in it
