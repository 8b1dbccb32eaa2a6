"""The lists of words for French."""

from amana.programme.lexicon import Lexicon, kinds, words

FRENCH = Lexicon(
    language="fr",
    agreements=kinds(
        agreement="accord|accords|accord-cadre|contrat|contrat-programme|charte|entente",
        convention="convention|convention-cadre|conventions",
        protocol="protocole|protocole d'accord|protocole d'entente",
        memorandum="mémorandum|mémorandum d'entente|memorandum|mémoire d'entente|lettre d'intention",
        partnership="partenariat",
    ),
    with_parties=words("avec|entre|conclu avec|conclue avec|signé avec|signée avec|passé avec|passée avec"),
    purposes=words(
        "visant à|visant|qui vise à|qui vise|portant sur|pour|afin de|afin d'|en vue de|en vue d'|relatif à|relative à|relatif au"
        "|relative au"
        "|concernant|dans le cadre|dans le domaine|destiné à|destinée à|ayant pour objet|ayant pour but|au titre|sur|qui porte sur"
        "|en faveur|dédié à"
        "|dédiée à|qui prévoit|prévoyant|permettant|en matière|qui doit|par laquelle|par lequel|aux termes"
    ),
    conjunctions=words("et|ainsi que|et avec|ainsi qu'"),
    attached="",
    recommending=words("recommandations|recommandation|préconisations"),
    leading=words("parmi|principales|suivantes|suivante|figurent|notamment|essentielles|majeures|voici|portent"),
    asking=words(
        "ont insisté|a insisté|insistent|ont souligné|a souligné|soulignent|nécessité|importance|ont appelé|a appelé|appellent|appel"
        "|il convient"
        "|il faut|doit|doivent|devra|devront|recommandent|recommande|recommandé|ont plaidé|invitent|préconisent|ont demandé|accent"
        "|il est nécessaire"
    ),
    closing=words(
        "à travers cet|à travers cette|par cet événement|par cette rencontre|avec cet événement|avec cette rencontre|pour rappel"
        "|il est à rappeler"
        "|il convient de rappeler|la conférence s'est achevée|les travaux se sont achevés|les travaux ont pris fin|contact presse|à propos"
        "|note aux rédactions|la prochaine édition|rendez-vous"
    ),
    joined=words(
        "attirer|stimuler|encourager|renforcer|développer|améliorer|mettre en place|construire|soutenir|garantir|créer|promouvoir"
        "|adopter|accélérer"
        "|former|protéger|élaborer|élargir|généraliser|numériser|financer|accompagner|faciliter|réduire|lutter|intégrer|réviser|lancer"
        "|organiser"
        "|ouvrir|consacrer|investir|appeler à|doter|déployer|instaurer|assurer|valoriser|mutualiser|d'attirer|de stimuler|d'encourager"
        "|de renforcer"
        "|de développer|d'améliorer|de mettre en place|de construire|de soutenir|de garantir|de créer|de promouvoir|d'adopter"
        "|d'accélérer|de former"
        "|de protéger|d'élaborer|d'élargir|de généraliser|de numériser|de financer|d'accompagner|de faciliter|de réduire|de lutter"
        "|d'intégrer"
        "|de lancer|d'organiser|d'ouvrir|d'investir|de doter|de déployer|d'instaurer|d'assurer|de valoriser"
        "|le renforcement|le développement|l'amélioration|la mise en place|la création|la promotion|l'adoption|la formation|la protection"
        "|le financement|le soutien|l'attraction|la stimulation|l'encouragement|la construction|dans le développement|dans l'amélioration"
    ),
    joining=words("ainsi que|avec un appel à|en appelant à|tout en appelant à|en plus de|outre"),
    numbers={
        word: value
        for value, text in {
            "2": "deux",
            "3": "trois",
            "4": "quatre",
            "5": "cinq",
            "6": "six",
            "7": "sept",
            "8": "huit",
            "9": "neuf",
            "10": "dix",
            "11": "onze",
            "12": "douze",
            "13": "treize",
            "14": "quatorze",
            "15": "quinze",
            "16": "seize",
            "20": "vingt",
            "30": "trente",
            "40": "quarante",
            "50": "cinquante",
            "100": "cent",
            "1000": "mille",
        }.items()
        for word in words(text)
    },
    units=kinds(
        plenaries="séances plénières|séance plénière|sessions plénières|session plénière|plénières|séances|séance|sessions|session",
        round_tables="tables rondes|table ronde",
        workshops="ateliers|atelier",
        speakers="intervenants|intervenant|intervenantes|orateurs|conférenciers|experts|expertes",
        participants="participants|participant|participantes|congressistes|invités|visiteurs",
        people="personnes|personne|habitants|citoyens|bénéficiaires|femmes|jeunes|agents",
        countries="pays|états|nations",
        agreements="accords|accord|conventions|convention|protocoles|mémorandums|partenariats",
        startups="start-up|start-ups|startups|startup|jeunes pousses|jeunes entreprises",
        recommendations="recommandations|recommandation",
        companies="entreprises|entreprise|sociétés|institutions",
        universities="universités|université",
        students="étudiants|étudiantes|étudiant|chercheurs|chercheuses|doctorants",
        projects="projets|projet|initiatives",
        places="régions|région|villes|provinces|communes|villages",
    ),
    at_least=words("plus de|plus d'|au moins|pas moins de|au-delà de|quelque plus de|supérieur à|dépassant"),
    months=words("janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"),
    references=words("loi|article|articles|n°|no|nº|numéro|décret|page|pages|année|an|règlement|chapitre|édition|horizon"),
    of=words("du|de la|des|de l'|de"),
    stops=frozenset(
        words(
            "de|du|des|d|à|a|au|aux|dans|en|entre|et|ou|qui|que|dont|ont|est|sont|était|étaient|avec|pour|par|sur|sous|ainsi|le|la|les"
            "|l|un|une"
            "|se|s|y|lors|été|visant|portant|afin|issus|issues|venus|venues|représentant|présentant|présents|réunis|où|ne|n|mais|comme"
            "|contre"
        )
    ),
    bodies=kinds(
        ministry="ministère|ministères|secrétariat d'état",
        university="université|faculté|école|académie",
        organisation="organisation|association|fédération|confédération|union|fondation",
        institute="institut",
        programme="programme",
        agency="agence|office|direction|bureau|commissariat",
        bank="banque|fonds|caisse",
        council="conseil|comité|commission",
        centre="centre|laboratoire|observatoire",
        authority="région|préfecture|wilaya|province|autorité|commune|haut-commissariat",
        company="société|groupe|entreprise",
    ),
    links=frozenset(words("de|du|des|d|l|la|le|les|et|pour|à|au|aux|en")),
    abbreviations=frozenset(words("m|mm|mme|mlle|dr|pr|st|ste|art|no|p|pp|cf|etc|ex|env|av|bd|tél")),
)
