"""What a query may consist of, by the names of sqlglot's node classes: everything else is refused.

No function here writes, waits, asks another service, tells who or where we are, or makes rows or
text out of nothing. https://docs.snowflake.com/en/sql-reference/functions-all
"""

from sqlglot import exp

_SYNTAX = """
Add Alias All And Any AtIndex AtTimeZone Between BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr
BitwiseRightShift BitwiseXor Boolean Bracket CTE Column Cube DPipe DataType DataTypeParam Distinct
Div EQ Escape Except Exists Fetch Filter From GT GTE Group GroupingSets Having HavingMax ILike
Identifier IgnoreNulls In IntDiv Intersect Interval Is JSONExtract JSONPath JSONPathKey JSONPathRoot
JSONPathSubscript Join Kwarg LT LTE Lateral Like Limit LimitOptions Literal Mod Mul NEQ National Neg
Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Paren Pivot PivotAlias PivotAny PropertyEQ
Qualify RawString RespectNulls Rollup Select SimilarTo Slice Star Sub Subquery Table TableAlias
TableFromRows TableSample Tuple Union UnicodeString Values Var Where Window WindowSpec With
WithinGroup Xor
"""

_FUNCTIONS = """
Abs Acos Acosh AddMonths AnyValue ApproxDistinct ApproxQuantile ApproxTopK ArgMax ArgMin Array
ArrayAgg ArrayAppend ArrayCompact ArrayConcat ArrayConstructCompact ArrayContains ArrayDistinct
ArrayExcept ArrayInsert ArrayIntersect ArrayMax ArrayMin ArrayOverlaps ArrayPosition ArrayPrepend
ArrayRemove ArrayRemoveAt ArrayReverse ArraySize ArraySlice ArraySort ArraySum ArrayToString
ArrayUnionAgg ArrayUniqueAgg ArraysZip Ascii Asin Asinh Atan Atan2 Atanh Avg BitLength
BitwiseAndAgg BitwiseCount BitwiseOrAgg BitwiseXorAgg Booland Boolnot Boolor BoolxorAgg ByteLength
Case Cast Cbrt Ceil Chr Coalesce Collate Concat ConcatWs Contains ConvertTimezone Corr Cos Cosh
CosineDistance Cot Count CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentTime
CurrentTimestamp CurrentTimestampLTZ CurrentTimezone Date DateAdd DateBin DateDiff DateFromParts
DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname Decode DecodeCase Degrees
DenseRank EndsWith EqualNull EuclideanDistance Exp Explode Extract Factorial First FirstValue
Flatten Floor GetExtract GetIgnoreCase Getbit Greatest GroupConcat Grouping GroupingId HashAgg Hll
Hour If Initcap IsArray IsInf IsNan IsNullValue JSONExtractArray JSONExtractScalar JSONKeys
JSONObject JSONObjectAgg JarowinklerSimilarity Kurtosis Lag Last LastDay LastValue LaxBool
LaxFloat64 LaxInt64 LaxString Lead Least Left Length Levenshtein Ln Localtime Localtimestamp Log
LogicalAnd LogicalOr Lower MD5 ManhattanDistance MapContainsKey MapKeys MapSize Max Median Min
Minute Mode Month Monthname MonthsBetween Nanvl Negative NextDay NthValue Ntile Nullif NumberToStr
Nvl2 ObjectAgg ObjectInsert Overlay Pad ParseJSON ParseUrl PercentRank PercentileCont
PercentileDisc Pi Pow PreviousDay Quantile Quarter Radians Rand Rank RegexpCount RegexpExtract
RegexpExtractAll RegexpFullMatch RegexpILike RegexpInstr RegexpLike RegexpReplace RegexpSubstr
RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope RegrSxx RegrSxy RegrSyy RegrValx RegrValy
Replace Reverse Right Round RowNumber RtrimmedLength SHA SHA2 SafeDivide Second Sign Sin Sinh
Skewness SortArray Soundex Split SplitPart SplitToTable Sqrt StDistance StPoint StartsWith Stddev
StddevPop StddevSamp StrPosition StrToDate StrToTime StrToUnix String StringToArray StripNullValue
Strtok StrtokToArray Struct StructExtract Stuff Substring Sum Systimestamp Tan Tanh Time TimeAdd
TimeDiff TimeFromParts TimeSlice TimeStrToDate TimeStrToTime TimeSub TimeToStr TimeToUnix TimeTrunc
Timestamp TimestampAdd TimestampDiff TimestampFromParts TimestampLtzFromParts TimestampSub
TimestampTrunc TimestampTzFromParts ToArray ToBoolean ToChar ToDecfloat ToDouble ToNumber ToVariant
Translate Trim Trunc Try TryCast TsOrDiToDi TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToDateStr
TsOrDsToDatetime TsOrDsToTime TsOrDsToTimestamp Typeof Unicode UnixDate UnixMicros UnixMillis
UnixSeconds UnixToTime Upper UtcDate UtcTime UtcTimestamp Variance VariancePop Week WeekOfYear
WidthBucket Year YearOfWeek YearOfWeekIso
"""

_PLAIN = """
ARRAY_FLATTEN ARRAY_TO_STRING AS_ARRAY AS_BOOLEAN AS_DATE AS_DECIMAL AS_DOUBLE
AS_INTEGER AS_NUMBER AS_OBJECT AS_VARCHAR CHARINDEX CONDITIONAL_CHANGE_EVENT CONDITIONAL_TRUE_EVENT
DATE_FROM_PARTS EDITDISTANCE HAVERSINE IS_BOOLEAN IS_DATE IS_DECIMAL IS_DOUBLE IS_INTEGER
IS_NULL_VALUE IS_OBJECT IS_REAL IS_VARCHAR JAROWINKLER_SIMILARITY MAX_BY MIN_BY OBJECT_DELETE
OBJECT_KEYS OBJECT_PICK RATIO_TO_REPORT SQUARE STRTOK ST_AREA ST_ASTEXT ST_CONTAINS ST_DWITHIN
ST_GEOGFROMTEXT ST_GEOGFROMWKB ST_INTERSECTION ST_INTERSECTS ST_LENGTH ST_MAKEPOINT ST_WITHIN ST_X
ST_Y TO_DATE TO_GEOGRAPHY TO_GEOMETRY TO_OBJECT TO_TIME TO_TIMESTAMP TO_TIMESTAMP_LTZ
TO_TIMESTAMP_NTZ TO_TIMESTAMP_TZ TRY_PARSE_JSON TRY_TO_BOOLEAN TRY_TO_DATE TRY_TO_DECIMAL
TRY_TO_DOUBLE TRY_TO_GEOGRAPHY TRY_TO_NUMBER TRY_TO_NUMERIC TRY_TO_TIME TRY_TO_TIMESTAMP
TRY_TO_TIMESTAMP_LTZ TRY_TO_TIMESTAMP_NTZ TRY_TO_TIMESTAMP_TZ VAR_SAMP VECTOR_COSINE_SIMILARITY
"""

PLAIN_FUNCTIONS = frozenset(_PLAIN.split())
"""Those that sqlglot has no class for."""

NODES = frozenset(getattr(exp, name) for name in (_SYNTAX + _FUNCTIONS).split()) | {exp.Anonymous}

_PARTS = """
with_ laterals joins pivots where group having qualify windows order limit offset sample alias this
"""
_QUERY = _PARTS.split()

PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset([*_QUERY, "expressions", "distinct", "from_"]),
    exp.Subquery: frozenset(_QUERY),
    exp.SetOperation: frozenset([*_QUERY, "expression", "distinct", "by_name"]),
    exp.Table: frozenset(
        ["this", "db", "catalog", "alias", "laterals", "joins", "pivots", "sample"]
    ),
    exp.CTE: frozenset(["this", "alias", "materialized"]),
    exp.Distinct: frozenset(["expressions"]),
    exp.With: frozenset(["expressions", "recursive"]),
}
"""What these may have; so no INTO, no lock, no hint, no time travel, no stage."""

TYPES_REFUSED = frozenset({exp.DType.USERDEFINED, exp.DType.FILE, exp.DType.UNKNOWN})
