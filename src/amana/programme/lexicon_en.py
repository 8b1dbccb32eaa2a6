"""The lists of words for English."""

from amana.programme.lexicon import Lexicon, kinds, words

ENGLISH = Lexicon(
    language="en",
    agreements=kinds(
        agreement="agreement|agreements|accord|contract|charter|compact",
        convention="convention",
        protocol="protocol|protocol of agreement",
        memorandum="memorandum|memorandum of understanding|memorandum of agreement|letter of intent|mou",
        partnership="partnership",
    ),
    with_parties=words("with|between|concluded with|signed with|among"),
    purposes=words(
        "to|for|on|about|aimed at|aiming at|aiming to|that aims|which aims|covering|concerning|in order to|under which|by which|which"
        "|in the field"
        "|within the framework|in the framework|as part of|regarding|relating to|dealing with|so as to|under|whereby|designed to"
        "|that will|in support of"
    ),
    conjunctions=words("and|as well as|and with|together with"),
    attached="",
    recommending=words("recommendations|recommendation"),
    leading=words("among|main|following|chief|foremost|include|included|principal|key|most important|these are|were"),
    asking=words(
        "stressed|stresses|underlined|emphasised|emphasized|importance|need|needs|called for|calls for|call for|called on|urged|must"
        "|should|recommended"
        "|recommend|recommends|necessity|highlighted|insisted|asked for|is required|invited"
    ),
    closing=words(
        "through this|with this|by this event|the conference closed|the conference ended|the work closed|note to editors|notes to editors"
        "|press contact|media contact|about the|as a reminder|it should be recalled|the next edition|for more information"
    ),
    joined=words(
        "attract|attracting|stimulate|stimulating|encourage|encouraging|strengthen|strengthening|develop|developing|improve|improving"
        "|build|building"
        "|support|supporting|ensure|ensuring|create|creating|promote|promoting|adopt|adopting|accelerate|accelerating|train|training"
        "|protect"
        "|protecting|draw up|drawing up|set up|setting up|establish|establishing|extend|extending|digitise|digitising|digitize"
        "|digitizing|fund"
        "|funding|accompany|facilitate|facilitating|reduce|reducing|fight|fighting|integrate|integrating|review|reviewing|launch|launching"
        "|organise|organising|organize|organizing|open|opening|invest|investing|call for|calling for|deploy|deploying|provide|providing"
        "|share|sharing"
        "|to attract|to stimulate|to encourage|to strengthen|to develop|to improve|to build|to support|to ensure|to create|to promote"
        "|to adopt"
        "|to train|to protect|to invest|to set up|to establish|in developing|in improving|in building|in education"
    ),
    joining=words("with a call to|with a call for|together with|as well as|in addition to|while calling for|along with"),
    numbers={
        word: value
        for value, text in {
            "2": "two",
            "3": "three",
            "4": "four",
            "5": "five",
            "6": "six",
            "7": "seven",
            "8": "eight",
            "9": "nine",
            "10": "ten",
            "11": "eleven",
            "12": "twelve",
            "13": "thirteen",
            "14": "fourteen",
            "15": "fifteen",
            "16": "sixteen",
            "17": "seventeen",
            "18": "eighteen",
            "19": "nineteen",
            "20": "twenty",
            "30": "thirty",
            "40": "forty",
            "50": "fifty",
        }.items()
        for word in words(text)
    },
    units=kinds(
        plenaries="plenary sessions|plenary session|plenaries|plenary|sessions|session",
        round_tables="round tables|round table|roundtables|roundtable",
        workshops="workshops|workshop",
        speakers="speakers|speaker|experts|expert|panellists|panelists",
        participants="participants|participant|attendees|delegates|visitors|guests",
        people="people|persons|person|inhabitants|citizens|beneficiaries|women|staff",
        countries="countries|country|nations|states",
        agreements="agreements|agreement|conventions|protocols|memoranda|partnerships",
        startups="start-ups|start-up|startups|startup|young companies",
        recommendations="recommendations|recommendation",
        companies="companies|company|businesses|firms|institutions",
        universities="universities|university",
        students="students|student|researchers|researcher",
        projects="projects|project|initiatives",
        places="regions|region|cities|towns|provinces|districts|villages",
    ),
    at_least=words("more than|at least|over|no fewer than|no less than|not less than|upwards of|in excess of|above"),
    months=words("january|february|march|april|may|june|july|august|september|october|november|december"),
    references=words("act|law|article|articles|no|number|page|pages|year|regulation|chapter|edition|section|decree"),
    of=words("from the|of the|from|of|in the"),
    stops=frozenset(
        words(
            "of|from|in|on|at|to|and|or|with|by|for|who|which|that|were|was|are|is|have|had|has|took|take|between|among|under|as|the|a"
            "|an|attended"
            "|came|presented|presenting|representing|joined|during|including|signed|showed|gathered|coming|their|its|where|but|against"
        )
    ),
    bodies=kinds(
        ministry="ministry|department",
        university="university|college|school|academy|faculty",
        organisation="organisation|organization|association|federation|union|foundation|alliance",
        institute="institute",
        programme="programme|program",
        agency="agency|office|bureau|directorate",
        bank="bank|fund",
        council="council|committee|commission",
        centre="centre|center|laboratory|observatory",
        authority="region|prefecture|province|authority|municipality|governorate",
        company="company|corporation|group",
    ),
    links=frozenset(words("of|the|for|and|on")),
    abbreviations=frozenset(words("mr|mrs|ms|dr|prof|st|art|no|p|pp|cf|etc|eg|ie|vs|approx|inc|ltd|co|e.g|i.e")),
)
