"""Every refusal: its stable number, never reused, and its exit class. Messages are in the locale files under the code's name."""

from dataclasses import dataclass
from enum import IntEnum
from typing import final


class Exit(IntEnum):
    """Exit codes of the command line, one for each class of refusal."""

    FINE = 0
    FAULT = 1
    USAGE = 2
    QUESTION = 10  # the SQL cannot be answered as written
    BUDGET = 11  # the loss or precision cannot be afforded
    RULES = 12  # the custodian's file or tables
    PERMISSION = 13
    SETTINGS = 14


@final
@dataclass(frozen=True, slots=True)
class Code:
    number: int
    exit: Exit


CODES: dict[str, Code] = {
    # 100-199 reading SQL (query/parse)
    "sql.syntax": Code(100, Exit.QUESTION),
    "sql.too_long": Code(101, Exit.QUESTION),
    "sql.too_deep": Code(102, Exit.QUESTION),
    "sql.not_one_select": Code(103, Exit.QUESTION),
    "sql.unknown_table": Code(104, Exit.QUESTION),
    "sql.unknown_column": Code(105, Exit.QUESTION),
    "sql.ambiguous_column": Code(106, Exit.QUESTION),
    "sql.unsupported": Code(107, Exit.QUESTION),
    "sql.unsupported_function": Code(108, Exit.QUESTION),
    "sql.empty": Code(109, Exit.QUESTION),
    "sql.bad_character": Code(110, Exit.QUESTION),
    "sql.no_from": Code(111, Exit.QUESTION),
    "sql.rows_asked": Code(112, Exit.QUESTION),
    "sql.not_grouped": Code(113, Exit.QUESTION),
    "sql.group_constant": Code(114, Exit.QUESTION),
    "sql.duplicate_name": Code(115, Exit.QUESTION),
    "sql.column_names": Code(116, Exit.QUESTION),
    "sql.position": Code(117, Exit.QUESTION),
    "sql.star_place": Code(118, Exit.QUESTION),
    "sql.scalar_subquery": Code(119, Exit.QUESTION),
    "sql.subquery_place": Code(120, Exit.QUESTION),
    "sql.subquery_columns": Code(121, Exit.QUESTION),
    "sql.in_needs_columns": Code(122, Exit.QUESTION),
    "sql.exists_without_equality": Code(123, Exit.QUESTION),
    "sql.correlated_too_far": Code(124, Exit.QUESTION),
    "sql.order_in_subquery": Code(125, Exit.QUESTION),
    "sql.too_many_parts": Code(126, Exit.QUESTION),
    "sql.recursive": Code(127, Exit.QUESTION),
    "sql.join_kind": Code(128, Exit.QUESTION),
    "sql.right_join": Code(129, Exit.QUESTION),
    "sql.join_without_equality": Code(130, Exit.QUESTION),
    "sql.union_at_top": Code(131, Exit.QUESTION),
    "sql.union_distinct": Code(132, Exit.QUESTION),
    "sql.union_columns": Code(133, Exit.QUESTION),
    "sql.distinct_at_top": Code(134, Exit.QUESTION),
    "sql.distinct_place": Code(135, Exit.QUESTION),
    "sql.distinct_columns": Code(136, Exit.QUESTION),
    "sql.offset": Code(137, Exit.QUESTION),
    "sql.nulls_order": Code(138, Exit.QUESTION),
    "sql.order_unknown": Code(139, Exit.QUESTION),
    "sql.literal_needed": Code(140, Exit.QUESTION),
    "sql.bad_number": Code(141, Exit.QUESTION),
    "sql.bad_date": Code(142, Exit.QUESTION),
    "sql.bad_moment": Code(143, Exit.QUESTION),
    "sql.interval": Code(144, Exit.QUESTION),
    "sql.interval_on_column": Code(145, Exit.QUESTION),
    "sql.interval_on_text": Code(146, Exit.QUESTION),
    "sql.volatile": Code(147, Exit.QUESTION),
    "sql.cast_type": Code(148, Exit.QUESTION),
    "sql.date_part": Code(149, Exit.QUESTION),
    "sql.pattern": Code(150, Exit.QUESTION),
    "sql.null_in_list": Code(151, Exit.QUESTION),
    "sql.not_a_condition": Code(152, Exit.QUESTION),
    "sql.window_place": Code(153, Exit.QUESTION),
    "sql.window_not_by_unit": Code(154, Exit.QUESTION),
    "sql.window_frame": Code(155, Exit.QUESTION),
    "sql.window_function": Code(156, Exit.QUESTION),
    "sql.window_order": Code(157, Exit.QUESTION),
    "sql.aggregate_place": Code(158, Exit.QUESTION),
    "sql.aggregate_unsupported": Code(159, Exit.QUESTION),
    "sql.unit_aggregate": Code(160, Exit.QUESTION),
    "sql.figure_operation": Code(161, Exit.QUESTION),
    "sql.histogram": Code(162, Exit.QUESTION),
    "sql.quantile": Code(163, Exit.QUESTION),
    "sql.too_many_levels": Code(164, Exit.QUESTION),
    "sql.levels_in_subquery": Code(165, Exit.QUESTION),
    # 200-299 checking and bounding a plan (query/check, query/infer, privacy/bound)
    "plan.kinds_differ": Code(200, Exit.QUESTION),
    "plan.number_too_large": Code(201, Exit.QUESTION),
    "plan.no_private_table": Code(202, Exit.QUESTION),
    "plan.join_not_allowed": Code(203, Exit.QUESTION),
    "plan.join_multiplicity": Code(204, Exit.QUESTION),
    "plan.identifier_used": Code(205, Exit.QUESTION),
    "plan.groups_too_many": Code(206, Exit.QUESTION),
    "plan.not_unit_wise": Code(207, Exit.QUESTION),
    "plan.unbounded": Code(208, Exit.QUESTION),
    "plan.rollup_needs_sums": Code(209, Exit.QUESTION),
    "plan.too_large": Code(210, Exit.QUESTION),
    "plan.join_multiplies": Code(211, Exit.QUESTION),
    # 300-399 price and budget (privacy/price, privacy/ledger)
    "budget.population_exhausted": Code(300, Exit.BUDGET),
    "budget.permit_exhausted": Code(301, Exit.BUDGET),
    "budget.precision_unreachable": Code(302, Exit.BUDGET),
    "budget.precision_malformed": Code(303, Exit.BUDGET),
    "budget.ledger_behind_log": Code(304, Exit.BUDGET),
    "budget.permit_paused": Code(305, Exit.BUDGET),
    "budget.cap_changed": Code(306, Exit.BUDGET),
    "budget.log_damaged": Code(307, Exit.BUDGET),
    # 400-499 rules and publishing (catalog/rules, engines/prepare, node/publish)
    "rules.not_toml": Code(400, Exit.RULES),
    "rules.unknown_field": Code(401, Exit.RULES),
    "rules.missing_field": Code(402, Exit.RULES),
    "rules.bad_value": Code(403, Exit.RULES),
    "rules.no_unit": Code(404, Exit.RULES),
    "rules.unknown_name": Code(405, Exit.RULES),
    "rules.parent_key": Code(406, Exit.RULES),
    "rules.path_circle": Code(407, Exit.RULES),
    "rules.duplicate_name": Code(408, Exit.RULES),
    "rules.column_kind": Code(409, Exit.RULES),
    "rules.unit_word_taken": Code(410, Exit.RULES),
    "rules.row_unit_alone": Code(411, Exit.RULES),
    "rules.too_long": Code(412, Exit.RULES),
    "files.missing": Code(430, Exit.RULES),
    "files.unreadable": Code(431, Exit.RULES),
    "files.not_utf8": Code(432, Exit.RULES),
    "files.empty": Code(433, Exit.RULES),
    "files.column_missing": Code(434, Exit.RULES),
    "files.column_kind": Code(435, Exit.RULES),
    "files.for_no_table": Code(436, Exit.RULES),
    "files.table_without_file": Code(437, Exit.RULES),
    "publish.value_outside": Code(450, Exit.RULES),
    "publish.value_missing": Code(451, Exit.RULES),
    "publish.value_wrong": Code(452, Exit.RULES),
    "publish.key_repeated": Code(453, Exit.RULES),
    "publish.multiplicity": Code(454, Exit.RULES),
    "publish.no_rows_left": Code(455, Exit.RULES),
    "publish.population_changed": Code(456, Exit.RULES),
    "publish.table_name_taken": Code(457, Exit.RULES),
    "publish.members_too_many": Code(458, Exit.RULES),
    "publish.already_running": Code(459, Exit.RULES),
    "publish.profile_share_too_small": Code(480, Exit.RULES),
    # 500-599 doors, settings, permission
    "permit.not_admitted": Code(500, Exit.PERMISSION),
    "settings.unknown_key": Code(510, Exit.SETTINGS),
    "settings.bad_value": Code(511, Exit.SETTINGS),
    "node.no_dataset": Code(520, Exit.QUESTION),
    "node.unknown_dataset": Code(521, Exit.QUESTION),
    "node.no_folder": Code(523, Exit.SETTINGS),
    "node.folder_busy": Code(522, Exit.SETTINGS),
    "sample.unknown_table": Code(524, Exit.QUESTION),
    "sample.file_exists": Code(525, Exit.USAGE),
    "sample.folder_unwritable": Code(526, Exit.USAGE),
    "client.library_missing": Code(530, Exit.SETTINGS),
    "cli.not_utf8": Code(531, Exit.QUESTION),
    "cli.unknown_code": Code(532, Exit.USAGE),
}
